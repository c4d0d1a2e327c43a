"""How far models are from their teacher, from their training set and from each other.

Everything here takes plain arrays or tensors, one row per sample, and needs no workflow.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "authenticity": ["authenticity"],
        "bias_variance": ["BiasVariance", "bias_variance"],
        "collapse": ["best_exponent", "curve_spread"],
        "copy_rate": ["copy_rate", "nearer_own"],
        "data_copying": ["data_copying"],
        "descriptors": ["Descriptor", "unit"],
        "detection": ["area_under_roc"],
        "double_descent": ["Descent", "double_descent", "turning_points"],
        "estimate": ["Estimate"],
        "flow_distance": ["probability_flow_distance", "probability_flow_gap"],
        "frechet": ["frechet_distance"],
        "generalization": ["generalization"],
        "kernel_distance": ["kernel_distance"],
        "manifolds": ["Manifolds", "manifolds"],
        "memorised_fraction": ["memorised_excess", "memorised_fraction"],
        "neighbours": ["most_similar", "nearest"],
        "reproducibility": ["mae_score", "reproducibility", "reproducibility_chance"],
        "threshold": ["nearest_quantile", "unrelated_quantile"],
        "times": ["exponent", "times_to"],
        "transition": [
            "Crossing",
            "SlopeInterval",
            "bootstrap_slope",
            "crossing",
            "crossings",
            "fit_slope",
            "slope_interval",
            "spread",
        ],
        "vendi": ["vendi_score"],
    },
)
