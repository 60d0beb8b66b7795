import Link from "next/link";
import { connection } from "next/server";

export default async function NotFound() {
  await connection(); // a static page could not carry the nonce of its Content-Security-Policy
  return (
    <main className="sign-in">
      <h1>There is nothing here</h1>
      <Link href="/">Your pictures</Link>
    </main>
  );
}
