"""Toy universes, and slow, obvious forms of what is done with them."""

import numpy as np
from scipy import ndimage, stats

from nimare_neurosynth.engine import LabelColumns
from nimare_neurosynth.inference import TESTS, Groups, draw_groups
from tests.oracles import (
    association_z,
    brain_block,
    random_activations,
    uniformity_z,
)

FACES = ndimage.generate_binary_structure(3, 1)


def universe(seed=0, n_studies=40, min_studies=2, share=0.8):
    """Make a mask, and groups of which some studies are not counted."""
    rng = np.random.default_rng(seed)
    mask = brain_block()
    activations = random_activations(rng, mask, n_studies, radius_mm=7)
    counted = activations.has_peaks & (rng.random(n_studies) < share)
    return mask, Groups.of(activations, counted, min_studies=min_studies)


def some_draws(groups, n_draws=6, size=12, **options):
    """Draw groups of counted studies."""
    selected = np.zeros(len(groups.counted), bool)
    selected[np.flatnonzero(groups.counted)[:size]] = True
    return draw_groups(selected, groups.counted, n_draws=n_draws, **options)


def dense(groups):
    """Write the universe out as booleans, studies x voxels."""
    return groups.activations.to_csr().toarray()


def z_of_tests(active, counted, selected, tested):
    """Compute the three tests voxel by voxel, with SciPy."""
    one, two = active[counted & selected], active[counted & ~selected]
    n, n2, N = len(one), len(two), len(one) + len(two)
    E, E2 = one.sum() / active.shape[1], two.sum() / active.shape[1]
    z = {test: np.zeros(active.shape[1]) for test in TESTS}
    for v in np.flatnonzero(tested):
        a, T = one[:, v].sum(), one[:, v].sum() + two[:, v].sum()
        z["association"][v] = association_z(a, n, T, N)
        z["group1"][v] = uniformity_z(a, n, E, T)
        z["group2"][v] = uniformity_z(T - a, n2, E2, T)
    return z


def clusters_of(z, p, mask):
    """Find the voxels, size and mass of each cluster, with SciPy."""
    excess = np.square(z.astype(np.float32)).astype(float) - stats.chi2.isf(p, 1)
    labels, n = ndimage.label(mask.to_volume(excess > 0), FACES)
    of_voxel = labels.ravel()[mask.flat_index]
    inside = [of_voxel == k for k in range(1, n + 1)]
    return [(where, where.sum(), excess[where].sum()) for where in inside]


def largest(z, p, mask):
    """Give a map's largest |z|, size and mass."""
    clusters = clusters_of(z, p, mask)
    sizes, masses = ([c[k] for c in clusters] for k in (1, 2))
    return np.abs(z).max(), max(sizes, default=0), max(masses, default=0)


def p_maps(null, test, z, mask):
    """Compute the corrected p of each voxel, by going through all draws."""
    n = null.n_draws

    def p(value, drawn):
        return (1 + sum(bool(other >= value) for other in drawn[test])) / (1 + n)

    voxel, size, mass = np.ones(len(z)), np.ones(len(z)), np.ones(len(z))
    for v in np.flatnonzero(z):
        voxel[v] = p(abs(z[v]), null.largest_z)
    for where, k, total in clusters_of(z, null.cluster_p, mask):
        size[where] = p(k, null.largest_size)
        mass[where] = p(total, null.largest_mass)
    return voxel, size, mass


def columns_of(*masks):
    """Make columns of some sets of studies."""
    return LabelColumns.from_masks(np.array(masks))


def same_null(a, b):
    """Tell whether two nulls are the same, bit for bit."""
    for name in ("largest_z", "largest_size", "largest_mass"):
        one, other = getattr(a, name), getattr(b, name)
        if (one is None) != (other is None):
            return False
        if one is not None and not all(np.array_equal(one[t], other[t]) for t in TESTS):
            return False
    return a.cluster_p == b.cluster_p
