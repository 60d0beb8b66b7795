/** Writes .env.local with new secrets for this machine, unless the file exists. */

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";

const FILE = new URL("../.env.local", import.meta.url);

export function makeSecrets() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    AUTH_SECRET: randomBytes(33).toString("base64"),
    API_TOKEN_KEY: JSON.stringify(privateKey.export({ format: "jwk" })),
  };
}

export function writeSecrets() {
  const lines = Object.entries(makeSecrets()).map(([name, value]) => `${name}='${value}'\n`);
  try {
    writeFileSync(FILE, lines.join(""), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
}

if (import.meta.filename === process.argv[1]) writeSecrets();
