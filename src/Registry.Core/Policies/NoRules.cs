using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Policies;

/// <summary>Allows every change.</summary>
public sealed class NoRules : IChangeRules
{
    private NoRules()
    {
    }

    /// <summary>The only instance.</summary>
    public static IChangeRules Instance { get; } = new NoRules();

    /// <inheritdoc/>
    public RegistryError? CheckLink(RepositoryName repository, Digest digest, long size) => null;

    /// <inheritdoc/>
    public RegistryError? CheckTag(TagChange change) => null;
}
