import { SiteHeader } from "@/components/site-header";
import { UppyUploads } from "@/components/uppy-uploads";
import { clientSettings, signedInUser } from "@/lib/server";

export const metadata = { title: "Uppy demo" };

export default async function WithUppy() {
  const user = await signedInUser();
  return (
    <>
      <SiteHeader user={user} />
      <main>
        <h1>Upload with Uppy</h1>
        <p>
          <code>signRequest</code> of <code>@uppy/aws-s3</code> can return the API’s response as it
          is.
        </p>
        <UppyUploads userId={user.id} {...clientSettings()} />
      </main>
    </>
  );
}
