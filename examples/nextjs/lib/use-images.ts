"use client";

import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { type Api, dataOf, type Image, type Page, retryAfter } from "./api";
import { PAGE_SIZE } from "./settings";
import { UploadError } from "./uploads";

const WATCHERS = 3; // of the six connections that browsers open to one host over HTTP/1.1
const WAIT_SECONDS = 20;
const TURN_SECONDS = 3; // if there are more unfinished images than watchers
const PAUSE_MS = 2_000;
const LEAST_MS = 1_000; // between two requests for one image, whatever the API says
const ABANDONED_MS = 10 * 60_000;

/** A user's images, newest first: pages, live status of unfinished ones, and local changes. */
export function useImages(api: Api, userId: string, first: Page | null) {
  const [images, setImages] = useState<Image[]>(first?.items ?? []);
  const [cursor, setCursor] = useState(first ? first.nextCursor : undefined);
  const [problem, setProblem] = useState<string | null>(null);
  const [loading, setLoading] = useState(false);
  const unsent = useRef(new Set<string>()); // planned on this page and not sent yet: nothing to wait for

  const put = useCallback(
    (...incoming: Image[]) => setImages((known) => merge(known, incoming)),
    [],
  );
  const drop = useCallback(
    (imageId: string) => setImages((known) => known.filter((image) => image.imageId !== imageId)),
    [],
  );

  const planned = useCallback(
    (image: Image) => {
      unsent.current.add(image.imageId);
      put(image);
    },
    [put],
  );
  const sent = useCallback(
    (image: Image) => {
      unsent.current.delete(image.imageId);
      put({ ...image, status: "processing" }); // the event is on its way
    },
    [put],
  );

  const loadMore = useCallback(async () => {
    if (loading || cursor === null) return;
    setLoading(true);
    setProblem(null);
    try {
      const query = { limit: PAGE_SIZE, ...(cursor && { cursor }) };
      const page = await dataOf(
        api.GET("/users/{userId}/images", { params: { path: { userId }, query } }),
      );
      put(...page.items);
      setCursor(page.nextCursor);
    } catch (error) {
      setProblem(error instanceof UploadError ? error.code : "internal_error");
    } finally {
      setLoading(false);
    }
  }, [api, userId, cursor, loading, put]);

  /**
   * Reload one image; an unfinished one is waited for, up to `wait` seconds. Returns the seconds
   * after which to ask again, as the API may have no room for another waiting request.
   */
  const refresh = useCallback(
    async (imageId: string, wait = 0, signal?: AbortSignal) => {
      const path = { userId, imageId };
      const params = { path, query: { wait } };
      try {
        const result = api.GET("/users/{userId}/images/{imageId}", {
          params,
          ...(signal && { signal }),
        });
        put(await dataOf(result));
        return retryAfter((await result).response);
      } catch (error) {
        if (!(error instanceof UploadError && error.status === 404)) throw error;
        drop(imageId);
        return 0;
      }
    },
    [api, userId, put, drop],
  );

  useWatch(images, unsent, refresh);
  return {
    images: images.filter((image) => !isAbandoned(image)),
    complete: cursor === null,
    loading,
    problem,
    loadMore,
    planned,
    sent,
    drop,
    put,
    refresh,
  };
}

/** Keep a few waiting requests open until every image is done or failed. */
function useWatch(
  images: Image[],
  unsent: RefObject<Set<string>>,
  refresh: (imageId: string, wait: number, signal: AbortSignal) => Promise<number>,
): void {
  const waiting = useRef(new Set<string>());
  const asked = useRef(new Map<string, number>());
  const lifetime = useRef<AbortController>(null);
  const [, setRound] = useState(0);

  useEffect(() => {
    const controller = new AbortController();
    lifetime.current = controller;
    const nobody = waiting.current;
    return () => {
      controller.abort();
      nobody.clear();
    };
  }, []);

  useEffect(() => {
    const signal = lifetime.current?.signal;
    if (!signal || signal.aborted) return;
    const unfinished = images.filter(
      (image) => isUnfinished(image) && !isAbandoned(image) && !unsent.current.has(image.imageId),
    );
    const wait = unfinished.length > WATCHERS ? TURN_SECONDS : WAIT_SECONDS;
    const next = unfinished
      .map(({ imageId }) => imageId)
      .filter((imageId) => !waiting.current.has(imageId))
      .reverse() // the oldest first: they finish first
      .sort((a, b) => (asked.current.get(a) ?? 0) - (asked.current.get(b) ?? 0))
      .slice(0, WATCHERS - waiting.current.size);
    for (const imageId of next) {
      waiting.current.add(imageId);
      asked.current.set(imageId, Date.now());
      const asking = Date.now();
      refresh(imageId, wait, signal)
        .then(
          (seconds) => pauseMs(seconds, Date.now() - asking),
          (error) =>
            Math.max(PAUSE_MS, error instanceof UploadError ? error.retryAfter * 1_000 : 0),
        )
        .then((pause) => new Promise((resolve) => setTimeout(resolve, pause)))
        .finally(() => {
          if (signal.aborted) return;
          waiting.current.delete(imageId);
          setRound((round) => round + 1);
        });
    }
  });
}

/** Before the next request, after one that took `tookMs`: never a burst of immediate responses. */
export function pauseMs(retryAfterSeconds: number, tookMs: number): number {
  return Math.max(retryAfterSeconds * 1_000, LEAST_MS - tookMs, 0);
}

const ORDER = { pending: 0, processing: 1, failed: 2, done: 2 };

function isUnfinished(image: Image): boolean {
  return ORDER[image.status] < 2;
}

/** Planned long ago and never sent: another page was closed during the upload. */
function isAbandoned(image: Image): boolean {
  const plannedAt = image.createdAt ?? Date.now();
  return image.status === "pending" && plannedAt < Date.now() - ABANDONED_MS;
}

/** Newest first, each once. A late response never returns an image to an earlier status. */
export function merge(known: Image[], incoming: Image[]): Image[] {
  const images = new Map(known.map((image) => [image.imageId, image]));
  for (const image of incoming) {
    const before = images.get(image.imageId);
    if (!before || ORDER[image.status] >= ORDER[before.status]) images.set(image.imageId, image);
  }
  return [...images.values()].sort((a, b) => (a.imageId < b.imageId ? 1 : -1));
}
