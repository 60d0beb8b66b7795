import NextAuth from "next-auth";
import Credentials from "next-auth/providers/credentials";

/** Anyone is who they say they are: for a machine of one's own (DEV_SIGN_IN in .env.example). */
const development = Credentials({
  credentials: { name: {} },
  authorize({ name }) {
    const id = String(name).trim().toLowerCase();
    return /^[a-z0-9._-]{1,64}$/.test(id) ? { id, name: id } : null;
  },
});

export const { handlers, auth, signIn, signOut } = NextAuth({
  // Your own: `[GitHub, Google]` from next-auth/providers; the user's id becomes the API's userId.
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
