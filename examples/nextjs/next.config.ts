import type { NextConfig } from "next";

const config: NextConfig = {
  agentRules: false,
  poweredByHeader: false,
  images: {
    // The resizer's widths (THUMBNAIL_WIDTHS): next/image requests no others.
    imageSizes: [200],
    deviceSizes: [400],
  },
};

export default config;
