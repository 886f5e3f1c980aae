using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;

namespace Registry.Storage.Contracts.Repositories;

/// <summary>Digests that outlive their tags (<see cref="IChangeRules.KeepsDigest"/>).</summary>
public abstract partial class RepositoriesContract
{
    // More than one change deletes at once, in any engine that deletes them in turns.
    private const int ManyTags = 1200;

    private static readonly RegistryError KeptRefusal = new(RegistryErrorCode.Denied, "a rule of the test");

    [Fact]
    public async Task The_digest_of_a_deleted_tag_is_known_when_the_tag_is_set_again()
    {
        _engine.Rules.Keeps = (repository, tag) => repository == A && tag.Value.StartsWith('v');
        await PushAsync(A, Image, "v1", "v2", "latest");
        Assert.Null(await FindKeptAsync(A, "v1"));
        await DeleteTagAsync(A, "v1");
        await DeleteTagAsync(A, "latest");

        Assert.Equal(Of(Image), await FindKeptAsync(A, "v1"));
        Assert.Null(await FindKeptAsync(A, "v2"));
        Assert.Null(await FindKeptAsync(A, "latest"));
        Assert.Null(await FindKeptAsync(B, "v1"));

        // A tag that exists has its digest itself. The last one that went counts.
        await PushAsync(A, OtherImage, "v1");
        Assert.Null(await FindKeptAsync(A, "v1"));
        await DeleteTagAsync(A, "v1");
        Assert.Equal(Of(OtherImage), await FindKeptAsync(A, "v1"));
        _engine.Rules.Keeps = (_, _) => false;
        Assert.Null(await FindKeptAsync(A, "v1"));
        Assert.Equal(Of(OtherImage), await _engine.Policies.FindKeptAsync(A, Tag.Parse("v1")));
        Assert.Null(await _engine.Policies.FindKeptAsync(A, Tag.Parse("v2")));
    }

    [Fact]
    public async Task The_digest_of_a_tag_outlives_its_manifest_and_its_repository()
    {
        _engine.Rules.Keeps = (_, tag) => tag.Value.StartsWith('v');
        string[] many = [.. Enumerable.Range(0, ManyTags).Select(i => $"v{i}")];
        await PushAsync(A, Image, [.. many, "latest"]);
        await PushAsync(C, OtherImage, "v1");

        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Of(Image), Precondition.None, ContractOrigin.Request, toTrash: true)).Error);
        Assert.Null((await DeleteAsync(C)).Error);

        Assert.Equal(Of(Image), await FindKeptAsync(A, "v0"));
        Assert.Equal(Of(Image), await FindKeptAsync(A, many[^1]));
        Assert.Null(await FindKeptAsync(A, "latest"));
        Assert.Equal(Of(OtherImage), await FindKeptAsync(C, "v1"));
    }

    [Fact]
    public async Task A_rename_leaves_the_digests_under_the_old_name_and_takes_those_of_tags_that_are_gone_along()
    {
        _engine.Rules.Keeps = (_, tag) => tag.Value.StartsWith('v');
        await PushAsync(A, Image, "v1", "v2", "v3", "latest");
        await PushAsync(B, OtherImage, "v3");
        await DeleteTagAsync(A, "v2");
        await DeleteTagAsync(A, "v3");
        await DeleteAsync(B);
        await PurgeAllAsync(B);

        Assert.Null(await RenameAsync(A, B));

        Assert.Equal([Of(Image), Of(Image), Of(Image), null], await FindAllKeptAsync(A, "v1", "v2", "v3", "latest"));
        Assert.Equal([null, Of(Image), Of(OtherImage), null], await FindAllKeptAsync(B, "v1", "v2", "v3", "latest"));
    }

    [Fact]
    public async Task A_rename_is_asked_about_the_digests_under_the_new_name_and_a_refused_one_keeps_nothing()
    {
        _engine.Rules.Keeps = (_, _) => true;
        await PushAsync(A, Image, "v1", "v2");
        await PushAsync(B, OtherImage, "v2");
        await DeleteAsync(B);
        await PurgeAllAsync(B);
        var asked = new List<TagChange>();
        _engine.Rules.Tag = change =>
        {
            asked.Add(change);
            return change.Kept is null ? null : KeptRefusal;
        };

        Assert.Same(KeptRefusal, await RenameAsync(A, B));

        Assert.Equal([null, Of(OtherImage)], asked.Select(change => change.Kept));
        Assert.All(asked, change => Assert.Equal((B, null, Of(Image)), (change.Repository, change.Before, change.After)));
        _engine.Rules.Tag = _ => null;
        await DeleteTagAsync(A, "v2");
        Assert.Equal([null, Of(Image)], [await FindKeptAsync(A, "v1"), await FindKeptAsync(A, "v2")]);
    }

    [Fact]
    public async Task What_is_refused_keeps_no_digest()
    {
        _engine.Rules.Keeps = (_, _) => true;
        await PushAsync(A, Image, "v1");
        _engine.Rules.Manifest = change => change.Content is null ? KeptRefusal : null;

        Assert.Same(KeptRefusal, (await _engine.Metadata.DeleteManifestAsync(A, Of(Image), Precondition.None)).Error);

        _engine.Rules.Keeps = (_, _) => false;
        _engine.Rules.Manifest = _ => null;
        await DeleteTagAsync(A, "v1");
        _engine.Rules.Keeps = (_, _) => true;
        Assert.Null(await FindKeptAsync(A, "v1"));
    }

    private async Task DeleteTagAsync(RepositoryName repository, string tag) =>
        Assert.Null((await _engine.Metadata.DeleteManifestAsync(repository, Tag.Parse(tag), Precondition.None)).Error);

    private async Task<List<Digest?>> FindAllKeptAsync(RepositoryName repository, params string[] tags)
    {
        var kept = new List<Digest?>();
        foreach (var tag in tags)
        {
            kept.Add(await FindKeptAsync(repository, tag));
        }

        return kept;
    }

    // What a push of the tag would be decided by: before bytes are written, and in the transaction. It needs no content.
    private async Task<Digest?> FindKeptAsync(RepositoryName repository, string tag)
    {
        var (rules, asked) = (_engine.Rules.Tag, new List<TagChange>());
        _engine.Rules.Tag = change =>
        {
            asked.Add(change);
            return KeptRefusal;
        };
        var put = Samples.Put(repository, Samples.Index([]), tag);
        Assert.Same(KeptRefusal, (await _engine.Metadata.CheckManifestAsync(put)).Error);
        Assert.Same(KeptRefusal, (await _engine.Metadata.PutManifestAsync(put)).Error);
        _engine.Rules.Tag = rules;
        Assert.Equal(2, asked.Count);
        Assert.Equal(asked[0], asked[1]);

        // The metadata keeps it whatever the rules are by now, and beside a tag that exists.
        if (asked[0].Kept is { } kept)
        {
            Assert.Equal(kept, await _engine.Policies.FindKeptAsync(repository, Tag.Parse(tag)));
        }

        return asked[0].Kept;
    }
}
