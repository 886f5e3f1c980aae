using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Uploads.Sessions;

namespace Registry.Storage.Contracts.Metadata;

public abstract partial class MetadataStoreContract
{
    // More than one change deletes at once, in any engine that deletes them in turns.
    private const int ManyTags = 600;

    private static readonly RegistryError Refusal = new(RegistryErrorCode.Denied, "a rule of the test");
    private static readonly Guid Session = Guid.Parse("5e554e55-0000-4000-8000-000000000001");
    private static readonly byte[] Small = Samples.Text("small");

    // Every change that a rule may refuse, with the rule.
    private static readonly Dictionary<string, (Action<ContractRules> Forbid, Func<IMetadataStore, Task<RegistryError?>> Change)> Changes = new()
    {
        ["a blob"] = (ForbidBlobs, metadata => metadata.LinkBlobAsync(A, Samples.Digest("new"), 3)),
        ["the first blob of a repository"] = (ForbidBlobs, metadata => metadata.LinkBlobAsync(Samples.Repository("new"), Samples.Digest("loose"), 5)),
        ["a small blob"] = (ForbidBlobs, metadata => metadata.LinkBlobAsync(A, Samples.Digest(Small), Small.Length, staged: Small)),
        ["the blob of a session"] = (ForbidBlobs, metadata => metadata.LinkBlobAsync(A, Samples.Digest("new"), 3, new UploadLease(Session, 1))),
        ["a mount"] = (ForbidBlobs, async metadata => (await metadata.MountBlobAsync(A, B, Samples.Digest("loose"))).Error),
        ["a manifest"] = (ForbidManifests, metadata => PutAsync(metadata, Third)),
        ["a small manifest"] = (ForbidManifests, async metadata => (await metadata.PutManifestAsync(Samples.Put(A, Third) with { Staged = Third })).Error),
        ["a manifest with a tag"] = (ForbidManifests, metadata => PutAsync(metadata, Third, "v3")),
        ["a new tag"] = (rules => Forbid(rules, tag => tag.Before is null), metadata => PutAsync(metadata, Third, "v3")),
        ["a moved tag"] = (rules => Forbid(rules, tag => tag.Before is not null), metadata => PutAsync(metadata, Third, "v1")),
        ["one of several tags"] = (rules => Forbid(rules, tag => tag.Tag.Value == "v1"), metadata => PutAsync(metadata, Third, "v3", "v1", "v4")),
        ["the deletion of a tag"] = (ForbidDeletions, async metadata => (await metadata.DeleteManifestAsync(A, Tag.Parse("v1"), Precondition.None)).Error),
        ["the deletion of a manifest with a tag"] =
            (rules => Forbid(rules, tag => tag is { Tag.Value: "v1", After: null }), metadata => DeleteAsync(metadata, A, "app")),
        ["the deletion of a manifest without a tag"] = (ForbidManifests, metadata => DeleteAsync(metadata, A, "untagged")),
        ["the deletion of a manifest because of one of very many tags"] =
            (rules => Forbid(rules, tag => tag.Tag.Value == $"t{ManyTags - 1}"), metadata => DeleteAsync(metadata, B, "many")),
        ["the deletion of a manifest with very many tags"] = (ForbidManifests, metadata => DeleteAsync(metadata, B, "many")),
    };

    public static readonly TheoryData<string> Refused = [.. Changes.Keys];

    // An image whose blobs the repository has.
    private static byte[] Third => Samples.Image("app config", [Samples.Layer("app layer")], note: "third");

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_change_that_a_rule_refuses_leaves_everything_as_it_was(string name)
    {
        await PushImageAsync(A, "app", "v1", "v2");
        await PushImageAsync(A, "untagged");
        await LinkAsync(A, "loose");
        await PushImageAsync(B, "many", [.. Enumerable.Range(0, ManyTags).Select(i => $"t{i}")]);
        await BeginSessionAsync();
        await engine.AdvanceAsync(TimeSpan.FromMinutes(1));
        var before = await DescribeAsync();
        var (forbid, change) = Changes[name];
        forbid(engine.Rules);

        Assert.Same(Refusal, await change(Metadata));

        Assert.Equal(before, await DescribeAsync());
        await engine.ReopenAsync();
        Assert.Equal(before, await DescribeAsync());

        // Nothing is left that would make the change fail or be incomplete. The session is in its first generation again.
        engine.Rules.Allow();
        Assert.True(await engine.Sessions.RemoveAsync(engine.Sessions.TakeOver().Single().Lease));
        await BeginSessionAsync();
        Assert.Null(await change(Metadata));
        Assert.NotEqual(before, await DescribeAsync());
    }

    private async Task BeginSessionAsync() => Assert.Null(await engine.Sessions.AddAsync(
        new StoredUploadSession(Session, A, "tester", ClientNetwork.Unknown, DigestAlgorithm.Sha256), new UploadShares(1)));

    [Fact]
    public async Task A_rule_that_refuses_one_tag_refuses_the_push()
    {
        var first = await PushImageAsync(A, "first", "v1");
        var second = await PushImageAsync(A, "second");
        engine.Rules.Tag = change => change.Tag.Value == "v1" && change.Before is not null && change.Before != change.After ? Refusal : null;

        Assert.Same(Refusal, (await Metadata.PutManifestAsync(Samples.Put(A, second, "new", "v1", "other"))).Error);
        Assert.Equal(Samples.Digest(first), (await FindAsync(A, "v1"))?.Digest);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, first, "v1"))).Error);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, second, "new", "other"))).Error);
    }

    [Fact]
    public async Task A_rule_learns_of_each_blob_manifest_and_tag_with_the_origin()
    {
        var asked = new List<object>();
        engine.Rules.Blob = Record;
        engine.Rules.Manifest = Record;
        engine.Rules.Tag = Record;
        var first = await PushImageAsync(A, "first", "v1");
        var second = await PushImageAsync(A, "second", "v1", "v2");
        await Metadata.MountBlobAsync(A, B, Samples.Digest("first layer"));
        await DeleteAsync(A, Tag.Parse("v1"));
        await DeleteAsync(A, Samples.Digest(second));

        var origin = ContractOrigin.Request;
        var (v1, v2) = (Tag.Parse("v1"), Tag.Parse("v2"));
        var (one, two) = (Samples.Digest(first), Samples.Digest(second));
        Assert.Equal(
            [
                new BlobChange(A, Samples.Digest("first config"), 12, origin), new BlobChange(A, Samples.Digest("first layer"), 11, origin),
                (A, one, first.Length, true, origin), new TagChange(A, v1, null, one, origin),
                new BlobChange(A, Samples.Digest("second config"), 13, origin), new BlobChange(A, Samples.Digest("second layer"), 12, origin),
                (A, two, second.Length, true, origin), new TagChange(A, v1, one, two, origin), new TagChange(A, v2, null, two, origin),
                new BlobChange(B, Samples.Digest("first layer"), 11, origin),
                new TagChange(A, v1, two, null, origin),
                new TagChange(A, v2, two, null, origin), (A, two, second.Length, false, origin),
            ],
            asked);

        RegistryError? Record<T>(T change)
            where T : notnull
        {
            asked.Add(change is ManifestChange manifest
                ? (manifest.Repository, manifest.Digest, (int)manifest.Size, manifest.Content is not null, manifest.Origin)
                : change);
            return null;
        }
    }

    [Fact]
    public async Task What_a_repository_has_is_not_asked_about_again()
    {
        var image = await PushImageAsync(A, "app", "v1");
        await LinkAsync(B, "app layer");
        ForbidBlobs(engine.Rules);
        ForbidManifests(engine.Rules);

        Assert.Null(await LinkAsync(A, "app layer"));
        Assert.Null((await Metadata.MountBlobAsync(B, A, Samples.Digest("app layer"))).Error);
        Assert.Null(await Metadata.CheckBlobAsync(A, Samples.Digest("app layer"), 9, ContractOrigin.Request));
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image, "v2"))).Error);
        Assert.Null((await Metadata.CheckManifestAsync(Samples.Put(A, image, "v2"))).Error);
    }

    [Fact]
    public async Task A_check_before_the_bytes_are_stored_asks_as_the_change_does()
    {
        await PushImageAsync(A, "app", "v1");
        var before = await DescribeAsync();
        ForbidBlobs(engine.Rules);
        Assert.Same(Refusal, await Metadata.CheckBlobAsync(A, Samples.Digest("new"), 3, ContractOrigin.Request));

        engine.Rules.Manifest = change => change.Digest == Samples.Digest(Third) ? Refusal : null;
        Assert.Same(Refusal, (await Metadata.CheckManifestAsync(Samples.Put(A, Third))).Error);

        engine.Rules.Allow();
        var asked = new List<TagChange>();
        engine.Rules.Tag = change =>
        {
            asked.Add(change);
            return change.Before is not null ? Refusal : null;
        };
        Assert.Null((await Metadata.CheckManifestAsync(Samples.Put(A, Third, "v2"))).Error);
        Assert.Same(Refusal, (await Metadata.CheckManifestAsync(Samples.Put(A, Third, "v1"))).Error);
        Assert.Same(Refusal, (await Metadata.CheckManifestAsync(Samples.Put(A, Third, "v2", "v1"))).Error);
        Assert.Equal(["v2", "v1", "v2", "v1"], asked.Select(change => change.Tag.Value));
        Assert.Null(await Metadata.CheckBlobAsync(A, Samples.Digest("new"), 3, ContractOrigin.Request));
        Assert.Equal(before, await DescribeAsync());
    }

    [Fact]
    public async Task A_rule_is_asked_after_the_references_and_the_precondition()
    {
        await PushImageAsync(A, "app", "v1");
        Forbid(engine.Rules, _ => true);
        ForbidManifests(engine.Rules);

        var incomplete = Samples.Put(A, Samples.Image("missing", []), "v1");
        var conditional = Samples.Put(A, Third, "v1") with { Precondition = new Precondition { NoneMatch = [] } };
        foreach (var error in new[]
        {
            (await Metadata.CheckManifestAsync(incomplete)).Error, (await Metadata.PutManifestAsync(incomplete)).Error,
        })
        {
            AssertRefused(RegistryErrorCode.ManifestBlobUnknown, error);
        }

        AssertRefused(RegistryErrorCode.PreconditionFailed, (await Metadata.CheckManifestAsync(conditional)).Error);
        AssertRefused(RegistryErrorCode.PreconditionFailed, (await Metadata.PutManifestAsync(conditional)).Error);
    }

    [Fact]
    public async Task What_nothing_holds_goes_and_what_the_tree_has_comes_without_a_question()
    {
        var image = await PushImageAsync(A, "app");
        var index = Samples.Index([Samples.Child(image)]);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, index))).Error);
        Assert.Null(await DeleteAsync(A, Samples.Digest(index)));
        await LinkAsync(A, "loose");
        await LinkAsync(A, "idle");
        await engine.AdvanceAsync(TimeSpan.FromMinutes(2));
        engine.Rules.Blob = _ => throw Unasked();
        engine.Rules.Manifest = _ => throw Unasked();
        engine.Rules.Tag = _ => throw Unasked();

        Assert.Null((await Metadata.UnlinkBlobAsync(A, Samples.Digest("loose"))).Error);
        await engine.Verifier.MarkLostAsync(Samples.Digest("app layer"));
        await engine.Verifier.MarkFoundAsync(Samples.Digest("app layer"));
        Assert.Single(await engine.Collector.ExpireManifestsAsync(A, [Samples.Digest(image)], TimeSpan.Zero, withRoots: false));
        Assert.Single(await engine.Collector.ExpireLinksAsync(TimeSpan.FromSeconds(1), 10));
        Assert.NotNull(await engine.Collector.CondemnAsync(Samples.Digest("loose")));
        await engine.Collector.ForgetAsync(Samples.Digest("loose"));
        await engine.IndexTarget.AddRepositoryAsync(new TreeRepository
        {
            Name = B,
            Layers = [new(Samples.Digest("app config"), 10), new(Samples.Digest("app layer"), 9)],
            Manifests = [new(Samples.Digest(image), image.Length, ManifestReader.Read(image, null).Value)],
            Tags = [new(Tag.Parse("v1"), Samples.Digest(image))],
        });
        Assert.Equal(["v1"], await TagsAsync(B));

        static InvalidOperationException Unasked() => new("No rule may prevent this.");
    }

    [Fact]
    public async Task An_operator_who_deletes_an_untagged_manifest_is_refused_as_a_client_is()
    {
        var image = await PushImageAsync(A, "app");
        await engine.AdvanceAsync(TimeSpan.FromMinutes(2));
        engine.Rules.Manifest = change => change.Digest == Samples.Digest(image) ? Refusal : null;

        Assert.Empty(await engine.Collector.ExpireManifestsAsync(A, [Samples.Digest(image)], TimeSpan.Zero, withRoots: true));
        engine.Rules.Allow();
        Assert.Single(await engine.Collector.ExpireManifestsAsync(A, [Samples.Digest(image)], TimeSpan.Zero, withRoots: true));
    }

    [Fact]
    public async Task A_mutation_that_a_rule_refuses_takes_back_only_itself()
    {
        await LinkAsync(A, "config");
        engine.Rules.Tag = change => int.Parse(change.Tag.Value[1..], System.Globalization.CultureInfo.InvariantCulture) % 3 == 0 ? Refusal : null;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(async () =>
        {
            var image = Samples.Image("config", [], note: $"{i}");
            return (Image: image, Error: (await Metadata.PutManifestAsync(Samples.Put(A, image, $"v{i}"))).Error);
        })));
        for (var i = 0; i < outcomes.Length; i++)
        {
            Assert.Same(i % 3 == 0 ? Refusal : null, outcomes[i].Error);
            Assert.Equal(i % 3 != 0, await FindAsync(A, outcomes[i].Image) is not null);
            Assert.Equal(i % 3 != 0, await FindAsync(A, $"v{i}") is not null);
        }
    }

    private static void ForbidBlobs(ContractRules rules) => rules.Blob = _ => Refusal;

    private static void ForbidManifests(ContractRules rules) => rules.Manifest = _ => Refusal;

    private static void ForbidDeletions(ContractRules rules) => Forbid(rules, tag => tag.After is null);

    private static void Forbid(ContractRules rules, Predicate<TagChange> isForbidden) => rules.Tag = change => isForbidden(change) ? Refusal : null;

    private static async Task<RegistryError?> PutAsync(IMetadataStore metadata, byte[] image, params string[] tags) =>
        (await metadata.PutManifestAsync(Samples.Put(A, image, tags))).Error;

    private static async Task<RegistryError?> DeleteAsync(IMetadataStore metadata, RepositoryName repository, string image) =>
        (await metadata.DeleteManifestAsync(
            repository, Samples.Digest(Samples.Image($"{image} config", [Samples.Layer($"{image} layer")])), Precondition.None)).Error;

    // Everything that the ports show of the two repositories and of a new one.
    private async Task<IReadOnlyList<string>> DescribeAsync()
    {
        const int All = 10_000;
        var lines = new List<string>();
        foreach (var repository in new[] { A, B, Samples.Repository("new") })
        {
            var tags = await TagsAsync(repository);
            lines.Add($"{repository} has {(tags is null ? "nothing" : $"{tags.Count} tags")}");
            foreach (var tag in tags ?? [])
            {
                lines.Add($"{repository}:{tag} {(await FindAsync(repository, tag))?.Digest}");
            }

            foreach (var manifest in new[] { Third, Image("app"), Image("untagged"), Image("many") })
            {
                lines.Add($"{repository} {await FindAsync(repository, manifest)}");
            }

            foreach (var blob in new[] { "new", "small", "loose", "app config", "app layer", "many layer" })
            {
                lines.Add($"{repository} {blob} {await Metadata.FindBlobAsync(repository, Samples.Digest(blob))}");
            }
        }

        lines.AddRange(await RepositoriesAsync());
        lines.Add($"{await engine.Collector.CountAllAsync()} {engine.Staged.Weight}");
        lines.AddRange((await engine.Collector.ListIdleAsync(IdleTimes.Any, All)).Select(link => $"{link}"));
        lines.AddRange((await engine.Collector.ListIdleManifestsAsync(IdleTimes.Any, withRoots: true, All)).Select(manifest => $"{manifest}"));
        lines.AddRange((await engine.Collector.ListOrphansAsync(All)).Select(digest => $"orphan {digest}"));
        lines.AddRange((await engine.Staged.ListAsync(0, All)).Select(staged => $"staged {staged.Digest}"));
        lines.AddRange(engine.Sessions.TakeOver().Select(session => $"{session with { Generation = 1 }}"));
        lines.AddRange((await engine.ReadChangesAsync()).Select(change => $"{change.Sequence} {change.Kind} {change.Repository} {change.Tag} {change.Digest}"));
        return lines;

        static byte[] Image(string name) => Samples.Image($"{name} config", [Samples.Layer($"{name} layer")]);
    }
}
