using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Collection;
using Registry.Core.Inventory;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Promises;
using Registry.Core.Space;

namespace Registry.Storage.Contracts.Inventory;

/// <summary>Contract of <see cref="IInventory"/>, together with the operations on it: repositories.</summary>
public abstract partial class InventoryContract : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Viewer Everyone = new([RepositoryRange.All], _ => true) { SeesAll = true };

    private readonly IMetadataEngine _engine;
    private readonly ContentInRows _operations;
    private readonly InventoryOperations _inventory;

    protected InventoryContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        _operations = new ContentInRows(engine, TimeSpan.FromSeconds(100));
        _inventory = new InventoryOperations(
            engine.Inventory,
            engine.Metadata,
            new PlatformReader(_operations.Contents, engine.Metadata),
            new CollectionForecast(new GracePeriod(engine.Clock, TimeSpan.FromSeconds(100))),
            defaultLimit: 2,
            maxLimit: 100);
    }

    [Fact]
    public async Task An_empty_registry_has_no_repositories()
    {
        foreach (var order in Enum.GetValues<RepositoryOrder>())
        {
            Assert.Empty(await NamesAsync(new RepositoryQuery { Order = order }));
            Assert.Empty(await NamesAsync(new RepositoryQuery { Order = order, Part = "abc" }));
        }
    }

    [Fact]
    public async Task Repositories_are_listed_by_name_in_pages()
    {
        foreach (var name in new[] { "b/x", "a", "b", "a-b" })
        {
            await PushAsync(Samples.Repository(name), "layer", "v1");
        }

        // Without a manifest, it is none.
        await _engine.Metadata.LinkBlobAsync(Samples.Repository("blobs"), Samples.Digest("layer"), 5);
        var first = await ListAsync(new RepositoryQuery());
        Assert.Equal(["a", "a-b"], first.Items.Select(one => one.Name.Value));
        Assert.Equal("a-b", first.Next);
        var second = await ListAsync(new RepositoryQuery { After = first.Next });
        Assert.Equal(["b", "b/x"], second.Items.Select(one => one.Name.Value));
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task Repositories_are_listed_by_their_last_push()
    {
        string[] names = ["c", "a", "b", "d"];
        foreach (var name in names)
        {
            await PushAsync(Samples.Repository(name), $"layer {name}", "v1");
            await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        }

        await PushAsync(A, "later", "v2");
        Assert.Equal(["a", "d", "b", "c"], await NamesAsync(new RepositoryQuery { Order = RepositoryOrder.Pushed }));
        var entry = (await ListAsync(new RepositoryQuery { Order = RepositoryOrder.Pushed, Limit = 1 })).Items.Single();
        Assert.Equal(("tester", _engine.UnixTime, new UpTo(2, false), new UpTo(2, false)), (entry.PushedBy, entry.PushedAt?.ToUnixTimeSeconds(), entry.Tags, entry.Manifests));
    }

    [Fact]
    public async Task A_deletion_is_no_push_and_the_last_one_removes_the_repository_from_all_lists()
    {
        var image = await PushAsync(A, "layer", "v1");
        var other = await PushAsync(A, "other", "v2");
        var pushed = (await ListAsync(new RepositoryQuery())).Items.Single().PushedAt;
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await DeleteAsync(A, image);
        Assert.Equal((pushed, new UpTo(1, false)), ((await ListAsync(new RepositoryQuery())).Items.Single() is var one ? (one.PushedAt, one.Tags) : default));
        await DeleteAsync(A, other);
        foreach (var order in Enum.GetValues<RepositoryOrder>())
        {
            Assert.Empty(await NamesAsync(new RepositoryQuery { Order = order }));
        }

        await PushAsync(A, "layer", "v1");
        Assert.Equal(["a"], await NamesAsync(new RepositoryQuery { Order = RepositoryOrder.Pushed }));
    }

    [Fact]
    public async Task Repositories_are_listed_by_their_size_in_the_last_round()
    {
        await PushAsync(Samples.Repository("small"), "1", "v1");
        await PushAsync(Samples.Repository("large"), new string('x', 500), "v1");
        await PushAsync(Samples.Repository("middle"), new string('x', 200), "v1");
        var rounds = new SpaceRounds(
            _engine.Space, () => ValueTask.FromResult(0L), _engine.Clock, TimeSpan.Zero, TimeProvider.System, NullLogger<SpaceRounds>.Instance);
        await rounds.RunAsync(default);
        await PushAsync(Samples.Repository("new"), new string('x', 1000), "v1");
        Assert.Equal(["large", "middle", "small", "new"], await NamesAsync(new RepositoryQuery { Order = RepositoryOrder.Size }));
        var sizes = (await ListAsync(new RepositoryQuery { Limit = 9 })).Items.ToDictionary(one => one.Name.Value, one => one.Size);
        Assert.Equal((300, 0), (sizes["large"] - sizes["middle"], sizes["new"]));
        Assert.Equal((await _engine.Space.FindRepositoryAsync(Samples.Repository("large")))!.Value.Referred, sizes["large"]);
    }

    [Theory]
    [InlineData("pay", "shop/payments", "team-pay/api")]
    [InlineData("PAY", "shop/payments", "team-pay/api")]
    [InlineData("payments", "shop/payments")]
    [InlineData("p/p", "shop/payments")]
    [InlineData("m-p", "team-pay/api")]
    [InlineData("t", "team-pay/api")]
    [InlineData("We", "web_a.b")]
    [InlineData("y/")]
    [InlineData("a")]
    [InlineData("_a.", "web_a.b")]
    [InlineData("payapi")]
    [InlineData("*")]
    [InlineData("a?i")]
    [InlineData("a%i")]
    [InlineData("[a-z]")]
    public async Task Repositories_are_found_by_any_part_of_their_names_or_by_one_or_two_characters_at_the_beginning(string part, params string[] expected)
    {
        foreach (var name in new[] { "shop/payments", "team-pay/api", "web_a.b" })
        {
            await PushAsync(Samples.Repository(name), "layer", "v1");
        }

        foreach (var order in Enum.GetValues<RepositoryOrder>())
        {
            Assert.Equal(expected, (await NamesAsync(new RepositoryQuery { Part = part, Order = order })).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task A_renamed_repository_is_found_by_its_new_name()
    {
        await PushAsync(Samples.Repository("old-name"), "layer", "v1");
        Assert.Null(await _engine.Repositories.RenameAsync(Samples.Repository("old-name"), Samples.Repository("new-one"), ContractOrigin.Request));
        Assert.Empty(await NamesAsync(new RepositoryQuery { Part = "old" }));
        Assert.Equal(["new-one"], await NamesAsync(new RepositoryQuery { Part = "new-" }));
        Assert.Equal(["new-one"], await NamesAsync(new RepositoryQuery { Order = RepositoryOrder.Pushed }));
    }

    [Fact]
    public async Task A_viewer_sees_only_its_repositories_in_every_order_and_search()
    {
        foreach (var name in new[] { "a/one", "b/one", "c/one", "c/two" })
        {
            await PushAsync(Samples.Repository(name), "layer", "v1");
        }

        // The range has c/two, too, which the rules deny.
        var viewer = new Viewer([RepositoryRange.StartingWith("a/"), RepositoryRange.StartingWith("c/")], name => name.Value != "c/two");
        foreach (var order in Enum.GetValues<RepositoryOrder>())
        {
            Assert.Equal(["a/one", "c/one"], (await NamesAsync(new RepositoryQuery { Order = order }, viewer)).Order(StringComparer.Ordinal));
            Assert.Equal(["a/one", "c/one"], (await NamesAsync(new RepositoryQuery { Order = order, Part = "one" }, viewer)).Order(StringComparer.Ordinal));
            Assert.Empty(await NamesAsync(new RepositoryQuery { Order = order, Part = "two" }, viewer));
            Assert.Empty(await NamesAsync(new RepositoryQuery { Order = order }, new Viewer([], _ => true)));
        }
    }

    // So many that no list is sorted as a whole.
    [Fact]
    public async Task Many_repositories_are_read_in_the_order_of_the_list()
    {
        const int Count = 2_050;
        var names = Enumerable.Range(0, Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"team/r{i:0000}")).ToList();
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (name, _) =>
            Assert.Null((await _engine.Metadata.PutManifestAsync(Samples.Put(Samples.Repository(name), Samples.Index([]), "v1"))).Error));
        Assert.Equal(names, await NamesAsync(new RepositoryQuery { Limit = 100 }));
        Assert.Equal(names, await NamesAsync(new RepositoryQuery { Limit = 100, Part = "team/" }));
        Assert.Equal(Enumerable.Reverse(names), await NamesAsync(new RepositoryQuery { Limit = 100, Part = "m/r", Order = RepositoryOrder.Pushed }));
        var odd = new Viewer([RepositoryRange.StartingWith("team/")], name => (name.Value[^1] - '0') % 2 == 1);
        Assert.Equal(
            Enumerable.Reverse(names).Where(name => odd.Sees(name)), await NamesAsync(new RepositoryQuery { Limit = 100, Order = RepositoryOrder.Size }, odd));
    }

    [Theory]
    [InlineData("")]
    [InlineData("team/app")]
    [InlineData("-1:a")]
    [InlineData("99999999999999999999:a")]
    public async Task A_cursor_of_another_list_is_refused(string cursor)
    {
        Assert.NotNull((await _inventory.ListRepositoriesAsync(new RepositoryQuery { After = cursor, Order = RepositoryOrder.Pushed }, Everyone)).Error);
        await PushAsync(A, "layer", "v1");
        Assert.NotNull((await _inventory.ListTagsAsync(A, new TagQuery { After = cursor, Order = TagOrder.Time }, default)).Error);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _operations.Dispose();
        await _engine.DisposeAsync();
    }

    private async Task<InventoryPage<RepositoryEntry>> ListAsync(RepositoryQuery query, Viewer? viewer = null) =>
        (await _inventory.ListRepositoriesAsync(query, viewer ?? Everyone)).Value;

    // All pages.
    private async Task<List<string>> NamesAsync(RepositoryQuery query, Viewer? viewer = null)
    {
        var names = new List<string>();
        for (string? next = null; ;)
        {
            var page = await ListAsync(query with { After = next }, viewer);
            names.AddRange(page.Items.Select(one => one.Name.Value));
            if (page.Next is null)
            {
                return names;
            }

            next = page.Next;
        }
    }

    private async Task<byte[]> PushAsync(RepositoryName repository, string layer, params string[] tags)
    {
        await _engine.Metadata.LinkBlobAsync(repository, Samples.Digest("config"), 6);
        await _engine.Metadata.LinkBlobAsync(repository, Samples.Digest(layer), layer.Length);
        var image = Samples.Image(new Descriptor(MediaTypes.OciImageConfig, Samples.Digest("config"), 6), [Samples.Layer(layer)]);
        await StoreAsync(repository, image, tags);
        return image;
    }

    private async Task StoreAsync(RepositoryName repository, byte[] manifest, params string[] tags) => Assert.Null((await _operations.Manifests.PutAsync(
        repository, Samples.Digest(manifest), null, manifest, [.. tags.Select(Tag.Parse)], Precondition.None, ContractOrigin.Request, default)).Error);

    private async Task DeleteAsync(RepositoryName repository, byte[] manifest) =>
        Assert.Null((await _operations.Manifests.DeleteAsync(repository, Samples.Digest(manifest), Precondition.None, ContractOrigin.Request)).Error);
}
