"use client";

import { useCallback, useEffect, useState } from "react";
import { createApi, type Image, type Page } from "@/lib/api";
import { deleteImage, keepToken, uploaderOptions } from "@/lib/browser-api";
import { inWords } from "@/lib/problems";
import { useDeletion } from "@/lib/use-deletion";
import { useImages } from "@/lib/use-images";
import { useUploads } from "@/lib/use-uploads";
import { DropZone } from "./drop-zone";
import { Gallery } from "./gallery";
import { Lightbox } from "./lightbox";
import { UndoToast } from "./undo-toast";
import { UploadDock } from "./upload-dock";

interface Props {
  apiUrl: string;
  userId: string;
  maxBytes: number;
  /** Rendered on the server; null if the API was unavailable. */
  first: Page | null;
}

/** The interactive part of the page: uploads and the gallery. */
export function Album({ apiUrl, userId, maxBytes, first }: Props) {
  const [getToken] = useState(keepToken);
  const [api] = useState(() => createApi(apiUrl, getToken));
  useEffect(() => {
    getToken(false).catch(() => {}); // so that the first upload does not wait for it
  }, [getToken]);
  const album = useImages(api, userId, first);
  const { planned, sent, drop } = album;
  const uploads = useUploads<Image>({
    ...uploaderOptions(api, userId, maxBytes),
    onPlanned: planned,
    onSent: sent,
    onAbandoned: (image) => {
      drop(image.imageId);
      deleteImage(api, userId, image.imageId).catch(() => {}); // its record expires anyway
    },
  });

  const [announcement, announce] = useState("");
  const [openId, setOpenId] = useState<string | null>(null);
  const destroy = useCallback(
    async ({ imageId }: Image) => {
      try {
        await deleteImage(api, userId, imageId);
        drop(imageId);
      } catch {
        announce("The picture could not be deleted.");
      }
    },
    [api, userId, drop],
  );
  const deletion = useDeletion(destroy);
  const images = album.images.filter((image) => !deletion.isHidden(image));

  const remove = (image: Image) => {
    setOpenId(null);
    deletion.remove(image);
    getToken(false).catch(() => {}); // there is no time for it when the user leaves the page
    announce(`${image.filename ?? "Picture"} deleted. You can undo this.`);
  };

  return (
    <>
      <DropZone onFiles={uploads.add} />
      <Gallery
        images={images}
        complete={album.complete}
        loading={album.loading}
        problem={album.problem && inWords(album.problem)}
        onMore={album.loadMore}
        onOpen={(image) => setOpenId(image.imageId)}
        onDelete={remove}
        onBroken={async (image) => void (await album.refresh(image.imageId))}
      />
      <Lightbox images={images} openId={openId} onOpen={setOpenId} onDelete={remove} />
      <UploadDock {...uploads} />
      <UndoToast image={deletion.undoable} onUndo={deletion.undo} onHold={deletion.hold} />
      <p className="visually-hidden" role="status">
        {announcement}
      </p>
    </>
  );
}
