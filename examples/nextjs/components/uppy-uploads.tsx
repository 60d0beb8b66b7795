"use client";

import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import { useEffect, useState } from "react";
import { createApi, dataOf } from "@/lib/api";
import { keepToken } from "@/lib/browser-api";
import { ACCEPT, imageType } from "@/lib/image-type";
import { UploadError } from "@/lib/uploads";

interface Props {
  apiUrl: string;
  userId: string;
  maxBytes: number;
}

export function UppyUploads({ apiUrl, userId, maxBytes }: Props) {
  const [uppy] = useState(() => createUppy(apiUrl, userId, maxBytes));
  const [notes, setNotes] = useState<Record<string, string>>({});

  useEffect(() => {
    const note = (name: string | undefined, text: string) =>
      setNotes((known) => ({ ...known, [name ?? ""]: text }));
    uppy.on("upload-progress", (file, { bytesUploaded, bytesTotal }) =>
      note(file?.name, `${Math.floor((100 * bytesUploaded) / (bytesTotal || 1))}%`),
    );
    uppy.on("upload-success", (file) => note(file?.name, "Sent"));
    uppy.on("upload-error", (file, error) => note(file?.name, error.message));
    uppy.on("restriction-failed", (file, error) => note(file?.name, error.message));
  }, [uppy]);

  const add = (files: FileList | null) => {
    for (const file of files ?? []) {
      try {
        uppy.addFile({ name: file.name, type: file.type, data: file });
      } catch {
        // a restriction failed: `restriction-failed` reports it
      }
    }
  };

  return (
    <section aria-label="Add pictures with Uppy">
      <label className="uppy">
        Choose pictures
        <input type="file" accept={ACCEPT} multiple onChange={({ target }) => add(target.files)} />
      </label>
      <ul aria-live="polite">
        {Object.entries(notes).map(([name, text]) => (
          <li key={name}>
            {name}: {text}
          </li>
        ))}
      </ul>
    </section>
  );
}

function createUppy(apiUrl: string, userId: string, maxFileSize: number) {
  const api = createApi(apiUrl, keepToken());
  const uppy = new Uppy({ autoProceed: true, restrictions: { maxFileSize } });
  return uppy.use(AwsS3, {
    shouldUseMultipart: false,
    generateObjectKey: (file) => file.id, // the API chooses the object key; this one identifies the file
    signRequest: async ({ key }) => {
      const { name, data } = uppy.getFile(key);
      const contentType = await imageType(data as Blob);
      if (!contentType) throw new UploadError("unsupported_content_type");
      const { upload } = await dataOf(
        api.POST("/users/{userId}/uploads", {
          params: { path: { userId } },
          body: { filename: name, contentType, size: (data as Blob).size },
        }),
      );
      return upload;
    },
  });
}
