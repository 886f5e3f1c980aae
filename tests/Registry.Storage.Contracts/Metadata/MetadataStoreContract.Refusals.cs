using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies;

namespace Registry.Storage.Contracts.Metadata;

public abstract partial class MetadataStoreContract
{
    private static readonly RegistryError Refusal = new(RegistryErrorCode.Denied, "a rule of the test");

    [Fact]
    public async Task A_rule_that_refuses_one_tag_refuses_the_push_and_nothing_changes()
    {
        var first = await PushImageAsync(A, "first", "v1");
        var second = await PushImageAsync(A, "second");
        engine.Rules.Tag = change => change.Tag.Value == "v1" && change.Before is not null && change.Before != change.After ? Refusal : null;

        Assert.Same(Refusal, (await Metadata.PutManifestAsync(Samples.Put(A, second, "new", "v1", "other"))).Error);
        Assert.Same(Refusal, (await Metadata.PutManifestAsync(Samples.Put(A, Samples.Image("first config", [], note: "third"), "v1"))).Error);

        Assert.Equal(["v1"], await TagsAsync(A));
        Assert.Equal(Samples.Digest(first), (await FindAsync(A, "v1"))?.Digest);
        Assert.Null(await FindAsync(A, Samples.Image("first config", [], note: "third")));
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, first, "v1"))).Error);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, second, "new", "other"))).Error);
    }

    [Fact]
    public async Task A_rule_that_protects_a_tag_refuses_its_deletion_by_tag_and_by_digest()
    {
        var image = await PushImageAsync(A, "app", "free", "kept", "other");
        engine.Rules.Tag = change => change.Tag.Value == "kept" && change.After is null ? Refusal : null;

        Assert.Same(Refusal, await DeleteAsync(A, Tag.Parse("kept")));
        Assert.Same(Refusal, await DeleteAsync(A, Samples.Digest(image)));
        Assert.Equal(["free", "kept", "other"], await TagsAsync(A));
        Assert.NotNull(await FindAsync(A, image));
        Assert.NotNull(await Metadata.FindBlobAsync(A, Samples.Digest("app layer")));

        Assert.Null(await DeleteAsync(A, Tag.Parse("free")));
        engine.Rules.Tag = _ => null;
        Assert.Null(await DeleteAsync(A, Samples.Digest(image)));
    }

    [Fact]
    public async Task A_rule_learns_what_each_tag_refers_to_before_and_after()
    {
        var asked = new List<TagChange>();
        engine.Rules.Tag = change =>
        {
            asked.Add(change);
            return null;
        };
        var first = Samples.Digest(await PushImageAsync(A, "first", "v1"));
        var second = Samples.Digest(await PushImageAsync(A, "second", "v1", "v2"));
        await DeleteAsync(A, Tag.Parse("v1"));
        await DeleteAsync(A, second);

        var (v1, v2) = (Tag.Parse("v1"), Tag.Parse("v2"));
        Assert.Equal(
            [
                new TagChange(A, v1, null, first), new TagChange(A, v1, first, second), new TagChange(A, v2, null, second),
                new TagChange(A, v1, second, null), new TagChange(A, v2, second, null),
            ],
            asked);
    }

    [Fact]
    public async Task A_rule_that_refuses_a_blob_refuses_its_push_and_its_mount()
    {
        await LinkAsync(A, "blob");
        engine.Rules.Link = (repository, digest, size) => repository == B && digest == Samples.Digest("blob") && size == 4 ? Refusal : null;

        Assert.Same(Refusal, await Metadata.LinkBlobAsync(B, Samples.Digest("blob"), 4));
        Assert.Same(Refusal, (await Metadata.MountBlobAsync(A, B, Samples.Digest("blob"))).Error);
        Assert.Null(await Metadata.FindBlobAsync(B, Samples.Digest("blob")));
        Assert.Null(await TagsAsync(B));

        // The repository has it already.
        Assert.Null(await Metadata.LinkBlobAsync(A, Samples.Digest("blob"), 4));
        engine.Rules.Link = (_, _, _) => Refusal;
        Assert.Null(await Metadata.LinkBlobAsync(A, Samples.Digest("blob"), 4));
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
}
