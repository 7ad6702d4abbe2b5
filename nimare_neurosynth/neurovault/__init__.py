"""NeuroVault: images in, decoded, and maps out.

::

    vault = NeuroVault()
    vault.images(457)                   what there is, all pages of it
    studyset = vault.get([457, 1952])   for NiMARE's image-based meta-analyses
    vault.decode(10426, database)       terms for an image
    vault.push(maps, 4242)              what would be sent; dry_run=False sends it
"""

from nimare_neurosynth.neurovault._choose import choose
from nimare_neurosynth.neurovault._client import NeuroVault
from nimare_neurosynth.neurovault._decode import to_neurosynth_json
from nimare_neurosynth.neurovault._push import Item, Push

__all__ = ["Item", "NeuroVault", "Push", "choose", "to_neurosynth_json"]
