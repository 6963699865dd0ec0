"""What a picture is made of."""

from reverie.parameterizations.aligned import Aligned
from reverie.parameterizations.alpha import Alpha
from reverie.parameterizations.cppn import Cppn
from reverie.parameterizations.fourier import Fourier
from reverie.parameterizations.latents import Latent, latent
from reverie.parameterizations.maco import Maco
from reverie.parameterizations.masked import Masked
from reverie.parameterizations.parameterization import Parameterization
from reverie.parameterizations.pixels import Pixels
from reverie.parameterizations.pyramid import Pyramid
from reverie.parameterizations.softcolors import SoftColors
from reverie.parameterizations.softpixels import SoftPixels
from reverie.parameterizations.spectrum import Spectrum, spectrum_of

__all__ = [
    "Aligned",
    "Alpha",
    "Cppn",
    "Fourier",
    "Latent",
    "Maco",
    "Masked",
    "Parameterization",
    "Pixels",
    "Pyramid",
    "SoftColors",
    "SoftPixels",
    "Spectrum",
    "latent",
    "spectrum_of",
]
