"""Fusion g: features of several modalities → one shared representation z.

h_m are the features of modality m, ⊙ multiplies element by element, and [a; b] joins vectors.

class                 z, without biases                                             source
SharedRepresentation  relu(u + W₂ relu(W₁ norm(u))), u = W₀ [h_1; …; h_M]           this book
SumFusion             Σ_m W_m h_m
GatedFusion           Σ_m g_m ⊙ tanh(W_m h_m), g = softmax_m(V_m [h_1; …; h_M])     Arevalo 2017
FiLMFusion            (1 + γ) ⊙ W h_main + β, [γ; β] = V [the other h_m]            Perez 2018
TensorFusion          W vec([h_1; 1] ⊗ … ⊗ [h_M; 1])                                Zadeh 2017
LowRankFusion         Σ_i ∏_m W_m^(i) [h_m; 1]                                      Liu 2018
ResidualFusion        H' = W H + Σ_m tanh(W_q H) ⊙ tanh(W₂ tanh(W₁ h_m)), repeated  Kim 2016
CrossAttentionFusion  mean_m Y_m, Y_m = tokens of m after attention to all others   Tsai 2019
BottleneckFusion      mean_m X_m, [X_m; B_m] = Transformer_m([X_m; mean_m B_m])     Nagrani 2021
"""

from mmtutor.fusion.attention import BottleneckFusion, CrossAttentionFusion
from mmtutor.fusion.base import Fusion, MissingModalityError, check_lengths, check_presence
from mmtutor.fusion.main_modality import FiLMFusion, ResidualFusion
from mmtutor.fusion.products import LowRankFusion, TensorFusion
from mmtutor.fusion.sums import GatedFusion, SharedRepresentation, SumFusion

__all__ = [
    "BottleneckFusion",
    "CrossAttentionFusion",
    "FiLMFusion",
    "Fusion",
    "GatedFusion",
    "LowRankFusion",
    "MissingModalityError",
    "ResidualFusion",
    "SharedRepresentation",
    "SumFusion",
    "TensorFusion",
    "check_lengths",
    "check_presence",
]
