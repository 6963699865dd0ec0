"""What a picture is made of."""

from reverie.parameterizations.fourier import Fourier
from reverie.parameterizations.parameterization import Parameterization
from reverie.parameterizations.pixels import Pixels
from reverie.parameterizations.softpixels import SoftPixels

__all__ = ["Fourier", "Parameterization", "Pixels", "SoftPixels"]
