using Registry.Core.Errors;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Policies;

/// <summary>Rules about changes by the policy file.</summary>
/// <param name="current">Reads the rules that are in force. They are swapped as a whole: each question sees one version of the file.</param>
public sealed class PolicyChangeRules(Func<PolicyRules> current) : IChangeRules
{
    /// <inheritdoc/>
    public RegistryError? CheckBlob(BlobChange change) => null;

    /// <inheritdoc/>
    public RegistryError? CheckManifest(ManifestChange change) => null;

    /// <inheritdoc/>
    public RegistryError? CheckTag(TagChange change) => null;

    /// <inheritdoc/>
    public RegistryError? CheckRename(RenameChange change) => null;

    /// <summary>Rules that are in force.</summary>
    internal PolicyRules Current => current();
}
