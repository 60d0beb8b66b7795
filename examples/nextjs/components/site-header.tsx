import Link from "next/link";
import { signOut } from "@/auth";
import type { User } from "@/lib/server";

export function SiteHeader({ user }: { user: User }) {
  const leave = async () => {
    "use server";
    await signOut({ redirectTo: "/sign-in" });
  };
  return (
    <header className="site-header">
      <Link href="/" className="wordmark">
        Thumbline
      </Link>
      <nav aria-label="Pages">
        <Link href="/">Pictures</Link>
        <Link href="/uppy">Uppy demo</Link>
      </nav>
      <form action={leave}>
        <span className="user">{user.name}</span>
        <button type="submit" className="quiet">
          Sign out
        </button>
      </form>
    </header>
  );
}
