import Link from "next/link";
import { connection } from "next/server";

export default async function NotFound() {
  await connection(); // a static page could not contain the nonce of its Content-Security-Policy
  return (
    <main className="sign-in">
      <h1>Page not found</h1>
      <Link href="/">Go to your pictures</Link>
    </main>
  );
}
