using Registry.Core.Caching;
using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Signatures;

/// <summary>
/// Refuses pulls of images that have no valid signature where a rule requires one. An image is signed if one of the keys of the rule has signed it, or an index of its repository
/// that lists it; signatures and attestations need none.
/// </summary>
/// <remarks>
/// What an image is signed by is remembered, and each pull asks the metadata whether it is still there, like the image itself. So a signature that goes, on any node and on any way,
/// takes effect at once (docs/decisions/0068). What was not signed is not remembered: a signature that comes takes effect at once, too.
/// </remarks>
/// <param name="rules">Reads the rules that are in force.</param>
/// <param name="metadata">Repositories and manifests.</param>
/// <param name="inventory">Finds the indexes that list a manifest.</param>
/// <param name="contents">Their content.</param>
public sealed class RequiredSignatures(Func<PolicyRules> rules, IMetadataStore metadata, IInventory inventory, ContentInspection contents)
{
    private readonly SignatureSearch _search = new(metadata, inventory, contents);
    private readonly SignatureArtifacts _artifacts = new(contents);
    private Demands _demands = new(PolicyRules.None);

    /// <summary>True if a rule requires a signature for pulls of a user from a repository. Allocates nothing, since every pull of a manifest asks.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="user">The user; null for a caller without credentials.</param>
    public bool Apply(RepositoryName repository, string? user)
    {
        foreach (var rule in Current().Rules)
        {
            if (IsFor(rule, repository, user))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True if a manifest is known to be signed, without a search: what it is signed by is still there.</summary>
    /// <inheritdoc cref="CheckAsync"/>
    public async ValueTask<bool> IsKnownAsync(RepositoryName repository, StoredManifest manifest, string? user)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var demands = Current();
        foreach (var rule in demands.Rules)
        {
            if (IsFor(rule, repository, user) && !await IsKnownAsync(demands, rule, repository, manifest))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Decides about a pull of a manifest.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="manifest">The manifest, which the repository has.</param>
    /// <param name="user">The user; null for a caller without credentials.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    /// <returns>The refusal; null if the manifest may be pulled.</returns>
    public async ValueTask<RegistryError?> CheckAsync(RepositoryName repository, StoredManifest manifest, string? user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var demands = Current();
        foreach (var rule in demands.Rules)
        {
            if (IsFor(rule, repository, user) && !await IsSignedAsync(demands, rule, repository, manifest, cancellationToken))
            {
                return new RegistryError(
                    RegistryErrorCode.ImageNotSigned, $"{repository}@{manifest.Digest} has no valid signature, as {rule} requires; ask who pushed it to sign it with cosign");
            }
        }

        return null;
    }

    /// <summary>Explains for people what a rule says of an image.</summary>
    /// <param name="rule">A rule of the repository that requires signatures.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="manifest">The manifest, which the repository has.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    public async Task<SignatureVerdict> ExplainAsync(PolicyRule rule, RepositoryName repository, StoredManifest manifest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rule);
        ArgumentNullException.ThrowIfNull(manifest);
        var seen = new List<SeenSignature>();
        var held = await FindAsync(rule, repository, manifest, seen, cancellationToken);
        return new SignatureVerdict(held is not null, seen);
    }

    private static bool IsFor(PolicyRule rule, RepositoryName repository, string? user) =>
        rule.Repository.Matches(repository) && (user is null || !rule.RequireSignature!.Except.Contains(user));

    private async ValueTask<bool> IsSignedAsync(
        Demands demands, PolicyRule rule, RepositoryName repository, StoredManifest manifest, CancellationToken cancellationToken)
    {
        if (await IsKnownAsync(demands, rule, repository, manifest))
        {
            return true;
        }

        if (await FindAsync(rule, repository, manifest, [], cancellationToken) is not { } held)
        {
            return false;
        }

        demands.Signed.Set(SignedImage.Of(repository, manifest, rule), held, Demands.EntrySize + (2L * repository.Value.Length));
        return true;
    }

    private async ValueTask<bool> IsKnownAsync(Demands demands, PolicyRule rule, RepositoryName repository, StoredManifest manifest)
    {
        if (demands.Signed.Find(SignedImage.Of(repository, manifest, rule)) is not { } held)
        {
            return false;
        }

        foreach (var (reference, digest) in held.Manifests)
        {
            if ((await metadata.FindManifestAsync(repository, reference))?.Digest != digest)
            {
                return false;
            }
        }

        return true;
    }

    private async Task<HeldSignature?> FindAsync(
        PolicyRule rule, RepositoryName repository, StoredManifest manifest, ICollection<SeenSignature> seen, CancellationToken cancellationToken) =>
        await _artifacts.HoldsAsync(repository, manifest, cancellationToken)
            ? HeldSignature.None
            : await _search.FindAsync(repository, manifest.Digest, rule.RequireSignature!.Keys, seen, cancellationToken);

    // A new version of the file begins with an empty memory.
    private Demands Current()
    {
        var current = rules();
        var demands = Volatile.Read(ref _demands);
        return ReferenceEquals(demands.Source, current) ? demands : _demands = new Demands(current);
    }

    private readonly record struct SignedImage(string Repository, string Digest, int Rule)
    {
        public static SignedImage Of(RepositoryName repository, StoredManifest manifest, PolicyRule rule) => new(repository.Value, manifest.Digest.Value, rule.Number);
    }

    private sealed class Demands(PolicyRules source)
    {
        // Of an entry with two manifests, without the name of the repository.
        public const int EntrySize = 1200;
        private const int MaxBytes = 16 * 1024 * 1024;
        private const int MaxEntries = 16_384;

        public PolicyRules Source { get; } = source;

        public PolicyRule[] Rules { get; } = [.. source.Rules.Where(rule => rule.RequireSignature is not null)];

        public BoundedCache<SignedImage, HeldSignature> Signed { get; } = new(MaxBytes, MaxEntries);
    }
}
