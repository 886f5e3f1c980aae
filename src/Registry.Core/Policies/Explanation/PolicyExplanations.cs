using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;
using Registry.Core.Signatures;

namespace Registry.Core.Policies.Explanation;

/// <summary>Explains why an image can be pulled, moved and pushed, or not, by the rules in force. It decides nothing.</summary>
/// <param name="rules">Reads the rules that are in force.</param>
/// <param name="policies">What the rules count and keep.</param>
/// <param name="metadata">Manifests and tags.</param>
/// <param name="signatures">Rules about images without a signature.</param>
public sealed class PolicyExplanations(Func<PolicyRules> rules, IPolicyMetadata policies, IMetadataStore metadata, RequiredSignatures signatures)
{
    /// <summary>Number of rules that match a repository.</summary>
    public int Count(RepositoryName repository) => rules().Of(repository).Count();

    /// <summary>Explains the rules of a repository, a tag or an image, which need not exist.</summary>
    /// <param name="image">What is asked about.</param>
    /// <param name="isMirrored">True if the repository is mirrored.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    /// <exception cref="Registry.Core.Storage.StorageException">The storage cannot be read.</exception>
    public async Task<PolicyExplanation> ExplainAsync(ImageReference image, bool isMirrored, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        var current = rules();
        var manifest = image.Reference is { } reference ? await metadata.FindManifestAsync(image.Repository, reference) : null;
        var kept = manifest is null && !isMirrored && image.Reference is { Tag: { } tag } && current.FindImmutable(image.Repository, tag) is not null
            ? await policies.FindKeptAsync(image.Repository, tag)
            : null;
        var explained = new List<ExplainedRule>();
        foreach (var rule in current.Of(image.Repository))
        {
            explained.Add(new ExplainedRule(
                rule,
                rule.Quota is null || isMirrored ? null : await policies.ReadUsedAsync(rule),
                rule.RequireSignature is null || manifest is null ? null : await signatures.ExplainAsync(rule, image.Repository, manifest, cancellationToken)));
        }

        return new PolicyExplanation(image, isMirrored, manifest?.Digest, kept, explained);
    }
}
