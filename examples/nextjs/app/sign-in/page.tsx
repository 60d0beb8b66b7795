import { redirect } from "next/navigation";
import { AuthError } from "next-auth";
import { auth, signIn } from "@/auth";

export const metadata = { title: "Sign in" };

export default async function SignIn({ searchParams }: PageProps<"/sign-in">) {
  if ((await auth())?.user?.id) redirect("/");
  const { error } = await searchParams;
  return (
    <main className="sign-in">
      <h1 className="wordmark">Thumbline</h1>
      <p>Your pictures, and nobody else’s.</p>
      <form action={enter}>
        <label htmlFor="name">Name</label>
        <input
          id="name"
          name="name"
          required
          pattern="[A-Za-z0-9._\-]{1,64}"
          title="Letters, digits, dots, dashes and underscores"
          autoComplete="username"
          aria-invalid={error !== undefined}
          aria-describedby="hint"
        />
        <button type="submit" className="primary">
          Sign in
        </button>
        <p id="hint" className="hint" role={error ? "alert" : undefined}>
          {error
            ? "Invalid name: use letters, digits, dots, dashes and underscores."
            : "Development sign-in: enter any name, no password."}
        </p>
      </form>
    </main>
  );
}

async function enter(form: FormData): Promise<void> {
  "use server";
  try {
    await signIn("credentials", { name: form.get("name"), redirectTo: "/" });
  } catch (error) {
    if (error instanceof AuthError) redirect("/sign-in?error=name");
    throw error; // a redirect of Next.js
  }
}
