using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Metadata;

public abstract partial class MetadataStoreContract
{
    [Fact]
    public async Task Everything_is_there_after_a_restart_clean_or_not()
    {
        var image = await PushImageAsync(A, "app", "v1", "latest");
        await LinkAsync(B, "blob");
        var referrer = Samples.Image("app config", [], Samples.Child(image), "x/y");
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, referrer))).Error);
        foreach (var cleanly in new[] { true, false })
        {
            await engine.ReopenAsync(cleanly);
            Assert.Equal(new StoredManifest(Samples.Digest(image), MediaTypes.OciManifest, image.Length), await FindAsync(A, "latest"));
            Assert.Equal(["latest", "v1"], await TagsAsync(A));
            Assert.Equal(["a"], await RepositoriesAsync());
            Assert.Equal(4, await Metadata.FindSizeAsync(B, Samples.Digest("blob")));
            Assert.Equal(
                [Samples.Digest(referrer)],
                (await Metadata.ListReferrersAsync(A, Samples.Digest(image), "x/y", null, 10)).Items.Select(item => item.Digest));
        }
    }

    // A kill cannot tell a commit that is on the disk from one that is in the memory of the system.
    [Fact]
    public async Task Every_change_survives_a_power_cut_from_the_end_of_its_task_on()
    {
        var (blob, image) = (Samples.Digest("blob"), Samples.Image("blob", []));
        var changes = new (string Name, Func<Task> Make)[]
        {
            ("link", () => LinkAsync(A, "blob")),
            ("renewal of a link", () => Metadata.RenewBlobAsync(A, blob)),
            ("mount", () => Metadata.MountBlobAsync(A, B, blob)),
            ("push", () => Metadata.PutManifestAsync(Samples.Put(A, image, "latest"))),
            ("deletion of a tag", () => DeleteAsync(A, Tag.Parse("latest"))),
            ("renewal of a manifest", () => Metadata.RenewManifestAsync(A, Samples.Digest(image))),
            ("deletion of a manifest", () => DeleteAsync(A, Samples.Digest(image))),
            ("deletion of a link", () => Metadata.UnlinkBlobAsync(A, blob)),
        };
        foreach (var (name, make) in changes)
        {
            await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
            var before = engine.SyncedCommits;
            await make();
            Assert.True(engine.SyncedCommits > before, name);
        }
    }

    [Fact]
    public async Task Hundreds_of_mutations_at_once_all_succeed()
    {
        const int Writers = 60;
        var images = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var own = Samples.Repository($"team/{writer}");
            await LinkAsync(A, "shared");
            Assert.True((await Metadata.MountBlobAsync(A, own, Samples.Digest("shared"))).Value);
            var image = Samples.Image("shared", [Samples.Layer("shared")], note: $"{writer}");
            Assert.Null((await Metadata.PutManifestAsync(Samples.Put(own, image, "latest", $"v{writer}"))).Error);
            Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image, $"from-{writer}"))).Error);
            Assert.Null(await DeleteAsync(own, Tag.Parse("latest")));
            return image;
        })));

        await engine.ReopenAsync();
        Assert.Equal(Writers + 1, (await RepositoriesAsync()).Count);
        Assert.Equal(Writers, (await TagsAsync(A))!.Count);
        for (var writer = 0; writer < Writers; writer++)
        {
            Assert.Equal(Samples.Digest(images[writer]), (await FindAsync(A, $"from-{writer}"))?.Digest);
            Assert.Equal([$"v{writer}"], await TagsAsync(Samples.Repository($"team/{writer}")));
        }
    }

    [Fact]
    public async Task A_mutation_that_is_refused_takes_back_only_itself()
    {
        await LinkAsync(A, "config");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(async () =>
        {
            var layers = i % 3 == 0 ? new[] { Samples.Layer("missing") } : [];
            var image = Samples.Image("config", layers, note: $"{i}");
            return (Image: image, Error: (await Metadata.PutManifestAsync(Samples.Put(A, image, $"v{i}"))).Error);
        })));
        for (var i = 0; i < outcomes.Length; i++)
        {
            Assert.Equal(i % 3 == 0, outcomes[i].Error is not null);
            Assert.Equal(i % 3 != 0, await FindAsync(A, outcomes[i].Image) is not null);
            Assert.Equal(i % 3 != 0, await FindAsync(A, $"v{i}") is not null);
        }
    }

    [Fact]
    public async Task A_reader_sees_a_manifest_with_all_its_tags_or_without_any()
    {
        await LinkAsync(A, "config");
        var image = Samples.Image("config", []);
        var writer = Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image, "x", "y", "z"))).Error);
                Assert.Null(await DeleteAsync(A, Samples.Digest(image)));
            }
        });
        do
        {
            Assert.Contains((await TagsAsync(A))!.Count, new[] { 0, 3 });
        }
        while (!writer.IsCompleted);

        await writer;
    }
}
