import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

/** A relay to a local port that breaks after so many bytes, until it is repaired. */
export async function fragileCable(to: number, bytes: number) {
  let repaired = false;
  let cuts = 0;
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    let passed = 0;
    near.on("data", (chunk) => {
      passed += chunk.length;
      if (repaired || passed <= bytes) return far.write(chunk);
      cuts += 1;
      return cut();
    });
    near.on("end", () => far.end()).on("error", cut);
    far.on("error", cut).pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: String((server.address() as AddressInfo).port),
    cuts: () => cuts,
    repair: () => {
      repaired = true;
    },
    close: () => server.close(),
  };
}
