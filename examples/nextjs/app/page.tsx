import { Album } from "@/components/album";
import { SiteHeader } from "@/components/site-header";
import { createApi, dataOf, type Page } from "@/lib/api";
import { issueApiToken } from "@/lib/api-token";
import { clientSettings, signedInUser } from "@/lib/server";
import { PAGE_SIZE } from "@/lib/settings";

export default async function Home() {
  const user = await signedInUser();
  const settings = clientSettings();
  return (
    <>
      <SiteHeader user={user} />
      <main>
        <h1 className="visually-hidden">Your pictures</h1>
        <Album userId={user.id} first={await firstPage(settings.apiUrl, user.id)} {...settings} />
      </main>
    </>
  );
}

/** Part of the HTML, so that pictures start to load with it. If null, the browser loads it. */
async function firstPage(apiUrl: string, userId: string): Promise<Page | null> {
  const api = createApi(apiUrl, async () => (await issueApiToken(userId)).token);
  const params = { path: { userId }, query: { limit: PAGE_SIZE } };
  return dataOf(api.GET("/users/{userId}/images", { params })).catch(() => null);
}
