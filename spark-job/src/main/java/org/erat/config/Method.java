package org.erat.config;

/** Names a set of defaults; nothing but the loader of the configuration looks at it. */
public enum Method {
    /** ERAT-DLoRA, Neurocomputing 2025, doi 10.1016/j.neucom.2024.128778. */
    ERAT,
    /** DyLoRA, arXiv 2210.07558. */
    DYLORA,
    /** LoRA, arXiv 2106.09685. */
    LORA
}
