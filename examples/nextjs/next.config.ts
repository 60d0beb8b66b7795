import type { NextConfig } from "next";

const config: NextConfig = {
  agentRules: false,
  poweredByHeader: false,
  images: {
    // The widths that the resizer makes (THUMBNAIL_WIDTHS): next/image asks for no others.
    imageSizes: [200],
    deviceSizes: [400],
  },
};

export default config;
