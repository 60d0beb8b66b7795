import { SiteHeader } from "@/components/site-header";
import { UppyUploads } from "@/components/uppy-uploads";
import { clientSettings, signedInUser } from "@/lib/server";

export const metadata = { title: "With Uppy" };

export default async function WithUppy() {
  const user = await signedInUser();
  return (
    <>
      <SiteHeader user={user} />
      <main>
        <h1>The same with Uppy</h1>
        <p>
          The API’s answer is what <code>@uppy/aws-s3</code> takes from <code>signRequest</code>, as
          it is.
        </p>
        <UppyUploads userId={user.id} {...clientSettings()} />
      </main>
    </>
  );
}
