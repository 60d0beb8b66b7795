/**
 * The upload core: a queue that plans uploads in batches, sends a few at a time straight to
 * storage, and keeps their state in one immutable list. No framework and no imports: copy this file
 * into any app. `useUploads` is the React hook for it.
 */

export type UploadState = "waiting" | "sending" | "sent" | "failed" | "canceled";

export interface UploadItem {
  readonly id: string;
  readonly file: File;
  readonly state: UploadState;
  /** From 0 to 1. */
  readonly progress: number;
  /** Why it failed; switch on `code`. */
  readonly error?: UploadError;
}

/** How to send a file, as the API returns it. */
export interface UploadTarget {
  method: "POST" | "PUT";
  url: string;
  fields: Record<string, string>;
  headers: Record<string, string>;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface FileFacts {
  filename: string;
  contentType: string;
  size: number;
  /** Lower-case hex: storage then rejects any other bytes. */
  sha256?: string;
}

export interface Planned<Image> {
  image: Image;
  upload: UploadTarget;
}

export interface UploaderOptions<Image> {
  /** Ask the API for targets, in the order of `files`. Throws UploadError. */
  plan(files: FileFacts[], idempotencyKey: string): Promise<Planned<Image>[]>;
  /** The content type, judged by the file's bytes; null if it is not accepted. */
  contentType(file: File): Promise<string | null>;
  maxBytes: number;
  sha256?(file: File): Promise<string>;
  send?: Send;
  /** The API has planned this image; its bytes are not in storage yet. */
  onPlanned?(image: Image): void;
  /** The bytes are in storage. */
  onSent?(image: Image): void;
  /** The bytes of this image will never arrive. */
  onAbandoned?(image: Image): void;
  /** Files sent at the same time. */
  parallel?: number;
  /** Further attempts after a failure of the network or the server. */
  retries?: number;
  /** Milliseconds before the first retry; doubled before each further one. */
  pause?: number;
}

export type Send = (
  target: UploadTarget,
  file: File,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
) => Promise<void>;

/** `code` is the API's, storage's, or one of this file's: see `isTransient` and `problems.ts`. */
export class UploadError extends Error {
  constructor(
    readonly code: string,
    /** HTTP status; 0 if there was no response. */
    readonly status = 0,
    /** Seconds after which to ask again, if the response says so. */
    readonly retryAfter = 0,
  ) {
    super(code);
  }

  /** Whether the same request may succeed a moment later. */
  get isTransient(): boolean {
    return this.code === "network" || this.status === 429 || this.status >= 500;
  }
}

const BATCH = 20; // planned together: far fewer than the API's 100, as targets expire while they wait
const EXPIRY_MARGIN_MS = 2_000;
const STALL_MS = 30_000;

interface Job<Image> {
  planned?: Planned<Image> | undefined;
  facts?: FileFacts;
  readonly abort: AbortController;
}

export class Uploader<Image> {
  readonly #options: UploaderOptions<Image> & typeof DEFAULTS;
  readonly #jobs = new Map<string, Job<Image>>();
  readonly #listeners = new Set<() => void>();
  #items: readonly UploadItem[] = [];
  #ready: string[] = []; // planned and not sent yet
  #planning = false;
  #sending = 0;

  constructor(options: UploaderOptions<Image>) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Returns the same array until something changes. */
  readonly items = (): readonly UploadItem[] => this.#items;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly add = (files: Iterable<File>): void => {
    const added = Array.from(files, (file): UploadItem => {
      const item = { id: crypto.randomUUID(), file, progress: 0 };
      const code = file.size === 0 ? "empty" : file.size > this.#options.maxBytes && "too_large";
      return code
        ? { ...item, state: "failed", error: new UploadError(code) }
        : { ...item, state: "waiting" };
    });
    this.#publish([...this.#items, ...added]);
    for (const { id } of added) this.#jobs.set(id, { abort: new AbortController() });
    this.#pump();
  };

  readonly cancel = (id: string): void => {
    const job = this.#jobs.get(id);
    if (!job || !isActive(this.#item(id))) return;
    this.#update(id, { state: "canceled" });
    this.#ready = this.#ready.filter((other) => other !== id);
    job.abort.abort();
    this.#abandon(job);
    this.#pump();
  };

  /** Restart a failed or canceled upload; its target is reused until it expires. */
  readonly retry = (id: string): void => {
    const item = this.#item(id);
    const job = this.#jobs.get(id);
    if (!item || !job || isActive(item) || item.state === "sent") return;
    this.#jobs.set(id, { ...job, abort: new AbortController() });
    this.#replace({ id, file: item.file, state: "waiting", progress: 0 });
    if (job.planned) this.#ready.push(id);
    this.#pump();
  };

  /** Remove all uploads that have ended. */
  readonly clear = (): void => {
    for (const item of this.#items) {
      if (isActive(item)) continue;
      const job = this.#jobs.get(item.id);
      if (job && item.state === "failed") this.#abandon(job);
      this.#jobs.delete(item.id);
    }
    this.#publish(this.#items.filter(isActive));
  };

  #pump(): void {
    while (this.#sending < this.#options.parallel) {
      const id = this.#ready.shift();
      if (id === undefined) break;
      this.#sending += 1;
      void this.#deliver(id).finally(() => {
        this.#sending -= 1;
        this.#pump();
      });
    }
    if (!this.#planning && this.#ready.length === 0) void this.#planNext();
  }

  async #planNext(): Promise<void> {
    const waiting = this.#items.filter(
      (item) => item.state === "waiting" && !this.#jobs.get(item.id)?.planned,
    );
    if (waiting.length === 0) return;
    this.#planning = true;
    await this.#plan(waiting.slice(0, BATCH));
    this.#planning = false;
    this.#pump();
  }

  async #plan(items: readonly UploadItem[]): Promise<void> {
    const jobs: [string, Job<Image>, FileFacts][] = [];
    for (const { id, file } of items) {
      const job = this.#jobs.get(id);
      const facts = job && (await this.#inspect(id, job, file));
      if (facts) jobs.push([id, job, facts]);
    }
    const wanted = jobs.filter(([, job]) => !job.abort.signal.aborted);
    if (wanted.length === 0) return;
    try {
      const key = crypto.randomUUID();
      const files = wanted.map(([, , facts]) => facts);
      const planned = await this.#withRetries(() => this.#options.plan(files, key));
      wanted.forEach(([id, job], index) => {
        job.planned = planned[index];
        if (job.abort.signal.aborted) this.#abandon(job);
        else {
          if (job.planned) this.#options.onPlanned?.(job.planned.image);
          this.#ready.push(id);
        }
      });
    } catch (error) {
      for (const [id, job] of wanted) this.#fail(id, job, error);
    }
  }

  async #inspect(id: string, job: Job<Image>, file: File): Promise<FileFacts | undefined> {
    try {
      if (!job.facts) {
        const contentType = await this.#options.contentType(file);
        if (!contentType) throw new UploadError("unsupported_content_type");
        const facts = { filename: file.name, contentType, size: file.size };
        const sha256 = await this.#options.sha256?.(file);
        job.facts = sha256 ? { ...facts, sha256 } : facts;
      }
      return job.facts;
    } catch (error) {
      this.#fail(id, job, error instanceof UploadError ? error : new UploadError("unreadable"));
      return undefined;
    }
  }

  async #deliver(id: string): Promise<void> {
    const job = this.#jobs.get(id);
    const item = this.#item(id);
    if (!job || !item) return;
    this.#update(id, { state: "sending" });
    try {
      await this.#send(job, item);
      if (job.abort.signal.aborted) return;
      this.#update(id, { state: "sent", progress: 1 });
      if (job.planned) this.#options.onSent?.(job.planned.image);
    } catch (error) {
      this.#fail(id, job, error);
    }
  }

  async #send(job: Job<Image>, { id, file }: UploadItem): Promise<void> {
    const attempt = async () => {
      const { upload } = await this.#target(job);
      const onProgress = (progress: number) => this.#update(id, { progress });
      await this.#options.send(upload, file, onProgress, job.abort.signal);
    };
    try {
      await this.#withRetries(attempt, job.abort.signal);
    } catch (error) {
      // Storage rejects an expired target with 403: get a new one, once.
      if (!(error instanceof UploadError && error.status === 403)) throw error;
      this.#abandon(job);
      await this.#withRetries(attempt, job.abort.signal);
    }
  }

  async #target(job: Job<Image>): Promise<Planned<Image>> {
    if (job.planned && job.planned.upload.expiresAt < Date.now() + EXPIRY_MARGIN_MS) {
      this.#abandon(job);
    }
    if (!job.planned && job.facts) {
      [job.planned] = await this.#options.plan([job.facts], crypto.randomUUID());
      if (job.planned) this.#options.onPlanned?.(job.planned.image);
    }
    if (!job.planned) throw new UploadError("internal_error");
    return job.planned;
  }

  #abandon(job: Job<Image>): void {
    if (job.planned) this.#options.onAbandoned?.(job.planned.image);
    job.planned = undefined;
  }

  async #withRetries<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let tried = 0; ; tried += 1) {
      try {
        return await attempt();
      } catch (error) {
        const again = error instanceof UploadError && error.isTransient;
        if (!again || tried >= this.#options.retries || signal?.aborted) throw error;
        const pause = this.#options.pause * 2 ** tried;
        await sleep(Math.max(pause, error.retryAfter * 1_000), signal);
      }
    }
  }

  #fail(id: string, job: Job<Image>, error: unknown): void {
    if (job.abort.signal.aborted) return; // canceled, and perhaps restarted
    const known = error instanceof UploadError ? error : new UploadError("internal_error");
    this.#update(id, { state: "failed", error: known });
  }

  #item(id: string): UploadItem | undefined {
    return this.#items.find((item) => item.id === id);
  }

  #update(id: string, change: Partial<UploadItem>): void {
    const item = this.#item(id);
    if (item && item.state !== "canceled") this.#replace({ ...item, ...change });
  }

  #replace(changed: UploadItem): void {
    this.#publish(this.#items.map((item) => (item.id === changed.id ? changed : item)));
  }

  #publish(items: readonly UploadItem[]): void {
    this.#items = items;
    for (const listener of this.#listeners) listener();
  }
}

export function isActive(item: UploadItem | undefined): boolean {
  return item?.state === "waiting" || item?.state === "sending";
}

/** Uses XMLHttpRequest, because fetch does not report upload progress. */
export const sendToStorage: Send = (target, file, onProgress, signal) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new UploadError("canceled"));
    const request = new XMLHttpRequest();
    const end = (error?: UploadError) => {
      clearTimeout(stalled);
      if (error) reject(error);
      else resolve();
      request.abort();
    };
    const watch = () => setTimeout(() => end(new UploadError("network")), STALL_MS);
    let stalled = watch();
    signal.addEventListener("abort", () => end(new UploadError("canceled")), { once: true });
    request.upload.onprogress = ({ loaded, total }) => {
      clearTimeout(stalled);
      stalled = watch();
      onProgress(total ? loaded / total : 0);
    };
    request.onerror = () => end(new UploadError("network"));
    request.onload = () =>
      end(request.status >= 200 && request.status < 300 ? undefined : rejection(request));
    request.open(target.method, target.url);
    for (const [name, value] of Object.entries(target.headers)) {
      request.setRequestHeader(name, value);
    }
    request.send(target.method === "POST" ? form(target.fields, file) : file);
  });

/** `file` comes last: S3 ignores the fields after it. */
function form(fields: Record<string, string>, file: File): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  data.append("file", file);
  return data;
}

function rejection({ status, responseText }: XMLHttpRequest): UploadError {
  return new UploadError(/<Code>(\w+)<\/Code>/.exec(responseText)?.[1] ?? "rejected", status);
}

/** Ends early if `signal` aborts; the next attempt then notices. */
function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end, { once: true });
    function end() {
      clearTimeout(timer);
      resolve();
    }
  });
}

const DEFAULTS = { parallel: 3, retries: 2, pause: 1_000, send: sendToStorage };
