/** SHA-256 of a file in lower-case hex, computed in a worker. */

let worker: Worker | undefined;
let next = 0;

export function sha256(file: File): Promise<string> {
  worker ??= new Worker(new URL("./sha256.worker.ts", import.meta.url));
  const hasher = worker;
  const id = next++;
  return new Promise((resolve, reject) => {
    hasher.addEventListener("message", function receive({ data }) {
      if (data.id !== id) return;
      hasher.removeEventListener("message", receive);
      if (data.hex) resolve(data.hex);
      else reject(new Error("unreadable"));
    });
    hasher.addEventListener("error", () => reject(new Error("no worker")), { once: true });
    hasher.postMessage({ id, file });
  });
}
