import NextAuth from "next-auth";
import Credentials from "next-auth/providers/credentials";

/** Accepts any name, no password: for your own machine only (DEV_SIGN_IN in .env.example). */
const development = Credentials({
  credentials: { name: {} },
  authorize({ name }) {
    const id = String(name).trim().toLowerCase();
    return /^[a-z0-9._-]{1,64}$/.test(id) ? { id, name: id } : null;
  },
});

export const { handlers, auth, signIn, signOut } = NextAuth({
  // Put your own here: `[GitHub, Google]` from next-auth/providers. The user's id is the API's userId.
  providers: process.env.DEV_SIGN_IN === "true" ? [development] : [],
  pages: { signIn: "/sign-in" },
  session: { strategy: "jwt" },
  callbacks: {
    session({ session, token }) {
      if (token.sub) session.user.id = token.sub;
      return session;
    },
  },
});
