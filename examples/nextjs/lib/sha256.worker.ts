/** Hashes files off the main thread; started by `sha256.ts`. */

addEventListener("message", async ({ data }: MessageEvent<{ id: number; file: File }>) => {
  try {
    const digest = await crypto.subtle.digest("SHA-256", await data.file.arrayBuffer());
    const bytes = new Uint8Array(digest);
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    postMessage({ id: data.id, hex });
  } catch {
    postMessage({ id: data.id }); // the file was changed or removed after it was chosen
  }
});
