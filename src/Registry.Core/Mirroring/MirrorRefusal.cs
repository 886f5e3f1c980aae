using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Mirroring;

/// <summary>Errors of changes that add content to a repository of another origin, for every engine.</summary>
public static class MirrorRefusal
{
    /// <summary>The repository is mirrored and the change does not come from its upstream, or it is local and the change comes from one.</summary>
    /// <param name="repository">The repository, which has content.</param>
    /// <param name="upstream">Its upstream; null for a local one.</param>
    public static RegistryError Of(RepositoryName repository, string? upstream) => new(
        RegistryErrorCode.Mirrored,
        upstream is null ? $"{repository} has content of its own and is not mirrored" : $"{repository} is mirrored from {upstream}");
}
