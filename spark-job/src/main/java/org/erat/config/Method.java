package org.erat.config;

/** A training method: a set of defaults, and what plans the steps. */
public enum Method {
    /** ERAT-DLoRA, Neurocomputing 2025, doi 10.1016/j.neucom.2024.128778. */
    ERAT,
    /** DyLoRA, arXiv 2210.07558. */
    DYLORA,
    /** LoRA, arXiv 2106.09685. */
    LORA,
    /** MatryoshkaLoRA, arXiv 2605.07850. */
    MATRYOSHKA
}
