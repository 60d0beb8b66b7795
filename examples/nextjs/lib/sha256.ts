/** SHA-256 of a file in lower-case hex, computed in a worker. */

let worker: Worker | undefined;
let next = 0;

export function sha256(file: File): Promise<string> {
  worker ??= new Worker(new URL("./sha256.worker.ts", import.meta.url));
  const id = next++;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onMessage = ({ data }: MessageEvent<{ id: number; hex?: string }>) => {
    if (data.id !== id) return;
    worker?.removeEventListener("message", onMessage);
    if (data.hex) resolve(data.hex);
    else reject(new Error("unreadable"));
  };
  worker.addEventListener("message", onMessage);
  worker.addEventListener("error", () => reject(new Error("no worker")), { once: true });
  worker.postMessage({ id, file });
  return promise;
}
