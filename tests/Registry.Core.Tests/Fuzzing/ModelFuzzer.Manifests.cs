using Registry.Core.Errors;
using Registry.Core.Listings;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>The operations on manifests, tags and listings.</summary>
internal sealed partial class ModelFuzzer
{
    private const int MaxPage = 100;

    private ListOperations Lists => new(Core.Metadata, MaxPage, MaxPage);

    private ReferrerOperations Referrers => new(Core.Metadata);

    private async Task PutManifestAsync()
    {
        var (name, content) = (AnyRepository(), Any(_universe.Manifests));

        // A push by tag is one by SHA-256.
        Reference reference = content.Digest.Algorithm == DigestAlgorithm.Sha256 && OneIn(2) ? Any(_universe.Tags) : content.Digest;
        Tag[] tags = reference.Tag is null && OneIn(4) ? [Any(_universe.Tags), Any(_universe.Tags)] : [];
        var precondition = AnyPrecondition();
        Trace($"put {content} as {name} {reference} with [{string.Join(", ", tags)}] if {precondition}");
        var repository = _model[name];
        var missing = repository.FindMissing(content.Manifest!, _references);
        var result = await Core.Manifests.PutAsync(name, reference, null, content.Bytes, tags, precondition);
        if (missing.Count > 0)
        {
            ExpectError(RegistryErrorCode.ManifestBlobUnknown, result.Error);
            Expect(missing.SetEquals(result.Error!.Details), $"expected {string.Join(", ", missing)} to be missing, got {result.Error}");
        }
        else if (!precondition.Holds(repository.Find(reference)))
        {
            ExpectError(RegistryErrorCode.PreconditionFailed, result.Error);
        }
        else
        {
            ExpectError(null, result.Error);
            Expect(result.Value.Digest == content.Digest, $"expected {content.Digest}, got {result.Value.Digest}");
            repository.Put(content, reference.Tag is { } tag ? [tag] : tags, _model.EndOfGrace);
        }
    }

    private async Task DeleteManifestAsync()
    {
        var name = AnyRepository();
        Reference reference = OneIn(3) ? Any(_universe.Tags) : Any(_universe.Manifests).Digest;
        var precondition = AnyPrecondition();
        Trace($"delete {name} {reference} if {precondition}");
        var repository = _model[name];
        var error = (await Core.Manifests.DeleteAsync(name, reference, precondition)).Error;
        if (repository.Find(reference) is not { } current)
        {
            ExpectError(RegistryErrorCode.ManifestUnknown, error);
        }
        else if (!precondition.Holds(current))
        {
            ExpectError(RegistryErrorCode.PreconditionFailed, error);
        }
        else
        {
            ExpectError(null, error);
            if (reference.Digest is { } digest && _trash > TimeSpan.Zero)
            {
                repository.MoveToTrash(digest, _model.Now);
            }
            else
            {
                repository.Delete(reference, _model.EndOfGrace);
            }
        }
    }

    private async Task HeadManifestAsync()
    {
        var (name, content) = (AnyRepository(), Any(_universe.Manifests));
        Trace($"HEAD {content} in {name}");
        var result = await Core.Manifests.StatAsync(name, content.Digest);
        var isThere = _model[name].Find(content.Digest) is not null;
        ExpectError(isThere ? null : RegistryErrorCode.ManifestUnknown, result.Error);
        if (isThere)
        {
            _model[name].KeepManifest(content.Digest, _model.EndOfPromise);
        }
    }

    private async Task ListTagsAsync()
    {
        var (name, last, limit) = (AnyRepository(), OneIn(3) ? null : Any(_universe.Tags).Value, _random.Next(5));
        Trace($"list {limit} tags of {name} after {last}");
        var repository = _model[name];
        var result = await Lists.ListTagsAsync(name, last, limit);
        if (!repository.IsKnown)
        {
            ExpectError(RegistryErrorCode.NameUnknown, result.Error);
            return;
        }

        ExpectError(null, result.Error);
        ExpectPage(repository.Tags.Keys, last, limit, result.Value);
    }

    private async Task ListRepositoriesAsync()
    {
        var (last, limit, hidden) = (OneIn(3) ? null : AnyRepository().Value, _random.Next(5), AnyRepository());
        Trace($"list {limit} repositories after {last} without {hidden}");
        var result = await Lists.ListRepositoriesAsync(last, limit, [RepositoryRange.All], name => name != hidden);
        ExpectError(null, result.Error);
        ExpectPage(_model.Catalog().Where(name => name != hidden.Value), last, limit, result.Value);
    }

    private async Task ListReferrersAsync()
    {
        var (name, subject) = (AnyRepository(), Any(_universe.Contents).Digest);
        var artifactType = OneIn(2) ? null : Any(_universe.Manifests).Manifest!.ArtifactType;
        Digest? last = OneIn(2) ? null : Any(_universe.Contents).Digest;
        Trace($"list the referrers of {name} {subject} of type {artifactType} after {last}");
        await CompareReferrersAsync(name, subject, artifactType, last);
    }

    private async Task CompareReferrersAsync(RepositoryName name, Digest subject, string? artifactType = null, Digest? last = null)
    {
        var result = await Referrers.ListAsync(name, subject, artifactType, last);
        ExpectError(null, result.Error);
        ExpectSame(_model[name].Referrers(subject, artifactType, last), result.Value.Items, $"the referrers of {subject} in {name}");
    }

    private static void ExpectPage(IEnumerable<string> all, string? last, int limit, Page<string> actual)
    {
        var rest = all.Where(entry => string.CompareOrdinal(entry, last ?? string.Empty) > 0).ToList();
        ExpectSame(rest.Take(limit), actual.Items, "the page");
        Expect(actual.HasMore == (limit > 0 && rest.Count > limit), $"the page has wrong news about more: {actual.HasMore}");
    }

    private Precondition AnyPrecondition()
    {
        if (!OneIn(5))
        {
            return Precondition.None;
        }

        string[] digests = OneIn(2) ? [] : [Any(_universe.Manifests).Digest.Value, Any(_universe.Manifests).Digest.Value];
        return OneIn(2) ? new Precondition { Match = digests } : new Precondition { NoneMatch = digests };
    }
}
