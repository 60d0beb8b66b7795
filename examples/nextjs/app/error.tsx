"use client";

export default function ErrorPage({ reset }: { reset: () => void }) {
  return (
    <main className="sign-in">
      <h1>Something went wrong</h1>
      <p>The page could not be loaded.</p>
      <button type="button" className="primary" onClick={reset}>
        Try again
      </button>
    </main>
  );
}
