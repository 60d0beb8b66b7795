/** Tokens for the API. Server only: the private key never leaves the server. */

import "server-only";
import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from "jose";

const LIFETIME_SECONDS = 300;
const AUDIENCE = "thumbline";
const ALGORITHM = "ES256";

export interface ApiToken {
  token: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** A token that identifies its bearer as `userId` for a few minutes. */
export async function issueApiToken(userId: string): Promise<ApiToken> {
  const key = privateKey();
  const now = Math.floor(Date.now() / 1000);
  const token = await new SignJWT()
    .setProtectedHeader({ alg: ALGORITHM, kid: await calculateJwkThumbprint(key) })
    .setSubject(userId)
    .setIssuer(required("AUTH_URL"))
    .setAudience(AUDIENCE)
    .setIssuedAt(now)
    .setExpirationTime(now + LIFETIME_SECONDS)
    .sign(await importJWK(key, ALGORITHM));
  return { token, expiresAt: (now + LIFETIME_SECONDS) * 1000 };
}

/** The public key, with which the API verifies tokens (RFC 7517). */
export async function publicKeys(): Promise<{ keys: JWK[] }> {
  const { d: _private, ...key } = privateKey();
  const kid = await calculateJwkThumbprint(key);
  return { keys: [{ ...key, kid, alg: ALGORITHM, use: "sig" }] };
}

function privateKey(): JWK {
  return JSON.parse(required("API_TOKEN_KEY")) as JWK;
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see .env.example`);
  return value;
}
