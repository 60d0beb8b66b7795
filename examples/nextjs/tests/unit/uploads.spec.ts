import { expect, test } from "@playwright/test";
import {
  type FileFacts,
  type Planned,
  type Send,
  UploadError,
  Uploader,
  type UploaderOptions,
  type UploadTarget,
} from "@/lib/uploads";

interface Sent {
  name: string;
  target: UploadTarget;
  progress: (fraction: number) => void;
  finish: (error?: UploadError) => void;
}

/** An uploader whose API and storage the test controls. */
function setUp(options: Partial<UploaderOptions<string>> = {}, lifetime = 60_000) {
  const planned: FileFacts[][] = [];
  const keys: string[] = [];
  const sent: Sent[] = [];
  const abandoned: string[] = [];
  const plan = async (files: FileFacts[], key: string): Promise<Planned<string>[]> => {
    planned.push(files);
    keys.push(key);
    const expiresAt = Date.now() + lifetime;
    return files.map(({ filename }) => ({
      image: `${filename}#${planned.length}`,
      upload: { method: "POST", url: filename, fields: {}, headers: {}, expiresAt },
    }));
  };
  const send: Send = (target, file, progress, signal) =>
    new Promise((resolve, reject) => {
      const finish = (error?: UploadError) => (error ? reject(error) : resolve());
      signal.addEventListener("abort", () => reject(new UploadError("canceled")));
      sent.push({ name: file.name, target, progress, finish });
    });
  const uploader = new Uploader<string>({
    plan,
    send,
    contentType: async () => "image/jpeg",
    maxBytes: 100,
    pause: 1,
    onAbandoned: (image) => abandoned.push(image),
    ...options,
  });
  const states = () => uploader.items().map(({ state }) => state);
  const errors = () => uploader.items().map(({ error }) => error?.code);
  const id = (index: number) => uploader.items()[index]?.id ?? "";
  return { uploader, planned, keys, sent, abandoned, states, errors, id };
}

function files(count: number, bytes = 10): File[] {
  return Array.from({ length: count }, (_, index) => new File(["x".repeat(bytes)], `${index}.jpg`));
}

const network = () => new UploadError("network");

test("files are planned in batches and sent a few at a time, in order", async () => {
  const { uploader, planned, sent, states } = setUp();
  uploader.add(files(45));
  await expect.poll(() => sent.length).toBe(3);
  expect(planned.map((batch) => batch.length)).toEqual([20]);
  for (let done = 0; done < 45; done += 1) {
    await expect.poll(() => sent.length).toBeGreaterThan(done);
    expect(states().filter((state) => state === "sending").length).toBeLessThanOrEqual(3);
    sent[done]?.finish();
  }
  await expect.poll(() => new Set(states())).toEqual(new Set(["sent"]));
  expect(planned.map((batch) => batch.length)).toEqual([20, 20, 5]);
  expect(sent.map(({ name }) => name)).toEqual(files(45).map(({ name }) => name));
});

test("empty, oversize and unknown files fail before they are planned", async () => {
  const { uploader, planned, errors } = setUp({
    contentType: async ({ name }) => (name === "0.jpg" ? null : "image/png"),
  });
  uploader.add([...files(1), ...files(1, 0), ...files(1, 101), new File(["x"], "good.png")]);
  await expect.poll(() => planned.length).toBe(1);
  expect(errors()).toEqual(["unsupported_content_type", "empty", "too_large", undefined]);
  expect(planned[0]).toEqual([{ filename: "good.png", contentType: "image/png", size: 1 }]);
});

test("a file that cannot be read fails alone", async () => {
  const { uploader, sent, errors } = setUp({
    sha256: async ({ name }) => {
      if (name === "0.jpg") throw new DOMException("gone", "NotFoundError");
      return "ab".repeat(32);
    },
  });
  uploader.add(files(2));
  await expect.poll(() => sent.map(({ name }) => name)).toEqual(["1.jpg"]);
  expect(errors()).toEqual(["unreadable", undefined]);
});

test("progress is reported, and every change makes a new list", async () => {
  const { uploader, sent } = setUp();
  let changes = 0;
  uploader.subscribe(() => {
    changes += 1;
  });
  uploader.add(files(1));
  await expect.poll(() => sent.length).toBe(1);
  const before = uploader.items();
  const counted = changes;
  sent[0]?.progress(0.5);
  expect(uploader.items()[0]?.progress).toBe(0.5);
  expect(uploader.items()).not.toBe(before);
  expect(before[0]?.progress).toBe(0);
  expect(changes).toBe(counted + 1);
});

test("a failing network is tried three times with one target, then reported", async () => {
  const { uploader, planned, sent, states, errors } = setUp();
  uploader.add(files(1));
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect.poll(() => sent.length).toBe(attempt + 1);
    sent[attempt]?.finish(network());
  }
  await expect.poll(states).toEqual(["failed"]);
  expect(errors()).toEqual(["network"]);
  expect(planned).toHaveLength(1);
});

test("retry reuses a target that was not used up", async () => {
  const { uploader, planned, sent, states, id } = setUp({ retries: 0 });
  uploader.add(files(1));
  await expect.poll(() => sent.length).toBe(1);
  sent[0]?.finish(network());
  await expect.poll(states).toEqual(["failed"]);
  uploader.retry(id(0));
  await expect.poll(() => sent.length).toBe(2);
  sent[1]?.finish();
  await expect.poll(states).toEqual(["sent"]);
  expect(planned).toHaveLength(1);
});

test("a target rejected with 403 is replaced once, and its image abandoned", async () => {
  const { uploader, planned, sent, abandoned, states, errors } = setUp();
  uploader.add(files(1));
  await expect.poll(() => sent.length).toBe(1);
  sent[0]?.finish(new UploadError("AccessDenied", 403));
  await expect.poll(() => sent.length).toBe(2);
  expect(abandoned).toEqual(["0.jpg#1"]);
  expect(planned).toHaveLength(2);
  sent[1]?.finish(new UploadError("AccessDenied", 403));
  await expect.poll(states).toEqual(["failed"]);
  expect(errors()).toEqual(["AccessDenied"]);
});

test("a target that is known to have expired is not even tried", async () => {
  const { uploader, planned, sent, abandoned } = setUp({}, 1_000); // below the margin
  uploader.add(files(1));
  await expect.poll(() => sent.length).toBe(1);
  expect(planned).toHaveLength(2);
  expect(abandoned).toEqual(["0.jpg#1"]);
});

test("a rejection that would repeat itself is not retried", async () => {
  const { uploader, sent, states } = setUp();
  uploader.add(files(1));
  await expect.poll(() => sent.length).toBe(1);
  sent[0]?.finish(new UploadError("EntityTooLarge", 400));
  await expect.poll(states).toEqual(["failed"]);
  expect(sent).toHaveLength(1);
});

test("planning is retried with the same idempotency key", async () => {
  const keys: string[] = [];
  const { uploader, states } = setUp({
    plan: async (_, key) => {
      keys.push(key);
      throw new UploadError("storage_unavailable", 503);
    },
  });
  uploader.add(files(2));
  await expect.poll(states).toEqual(["failed", "failed"]);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
});

test("canceling stops the upload, abandons its image, and starts the next one", async () => {
  const { uploader, sent, abandoned, states, id } = setUp({ parallel: 1 });
  uploader.add(files(2));
  await expect.poll(() => sent.length).toBe(1);
  uploader.cancel(id(0));
  expect(abandoned).toEqual(["0.jpg#1"]);
  await expect.poll(states).toEqual(["canceled", "sending"]);
  expect(sent[1]?.name).toBe("1.jpg");
});

test("a file canceled while it was being planned is never sent, and its image abandoned", async () => {
  let respond = () => {};
  const planning = new Promise<void>((resolve) => {
    respond = resolve;
  });
  const { uploader, sent, abandoned, states, id } = setUp({
    plan: async (wanted, key) => {
      await planning;
      const upload = {
        method: "POST",
        url: key,
        fields: {},
        headers: {},
        expiresAt: 9e15,
      } as const;
      return wanted.map(({ filename }) => ({ image: filename, upload }));
    },
  });
  uploader.add(files(2));
  await expect.poll(states).toEqual(["waiting", "waiting"]);
  await new Promise((later) => setTimeout(later, 20));
  uploader.cancel(id(0));
  respond();
  await expect.poll(() => sent.map(({ name }) => name)).toEqual(["1.jpg"]);
  await expect.poll(() => abandoned).toEqual(["0.jpg"]);
});

test("a canceled file can be restarted", async () => {
  const { uploader, sent, states, id } = setUp();
  uploader.add(files(1));
  await expect.poll(() => sent.length).toBe(1);
  uploader.cancel(id(0));
  uploader.retry(id(0));
  await expect.poll(() => sent.length).toBe(2);
  sent[1]?.finish();
  await expect.poll(states).toEqual(["sent"]);
});

test("clear removes what has ended and keeps the rest", async () => {
  const { uploader, sent, states, abandoned } = setUp({ retries: 0 });
  uploader.add(files(3));
  await expect.poll(() => sent.length).toBe(3);
  sent[0]?.finish();
  sent[1]?.finish(network());
  await expect.poll(states).toEqual(["sent", "failed", "sending"]);
  uploader.clear();
  expect(states()).toEqual(["sending"]);
  expect(abandoned).toEqual(["1.jpg#1"]); // the one that was sent stays
});
