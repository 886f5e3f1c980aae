using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Policies;

/// <summary>What the rules about repositories count and keep, for people who ask. Changes are decided about in their own transactions (<see cref="IChangeRules"/>).</summary>
public interface IPolicyMetadata
{
    /// <summary>Sums what the repositories of a rule refer to, in bytes, each digest once a repository. Reads a row for each repository of the rule.</summary>
    /// <exception cref="Registry.Core.Storage.StorageException">The metadata cannot be read.</exception>
    Task<long> ReadUsedAsync(PolicyRule rule);

    /// <summary>Finds the digest that an immutable tag had when it went; null if none is kept.</summary>
    /// <exception cref="Registry.Core.Storage.StorageException">The metadata cannot be read.</exception>
    Task<Digest?> FindKeptAsync(RepositoryName repository, Tag tag);
}
