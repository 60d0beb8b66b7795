import "server-only";
import { redirect } from "next/navigation";
import { auth } from "@/auth";
import { maxUploadBytes } from "./settings";

export interface User {
  id: string;
  name: string;
}

/** Redirects to the sign-in page if nobody is signed in. */
export async function signedInUser(): Promise<User> {
  const user = (await auth())?.user;
  if (!user?.id) redirect("/sign-in");
  return { id: user.id, name: user.name ?? user.id };
}

/** Settings for the browser, read on each request, so that one build runs everywhere. */
export function clientSettings(): { apiUrl: string; maxBytes: number } {
  const apiUrl = process.env.API_URL;
  if (!apiUrl) throw new Error("API_URL is not set: see .env.example");
  return { apiUrl, maxBytes: maxUploadBytes(process.env.MAX_UPLOAD_BYTES) };
}
