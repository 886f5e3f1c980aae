using Registry.Core.Access;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Buckets;
using Registry.Server.Tests.Web;
using Registry.Storage.Postgres;
using Registry.Storage.S3;
using Registry.Storage.Testing;

namespace Registry.Server.Tests.Nodes;

/// <summary>Log-ins to the pages of two nodes, behind a balancer that sends each request to another one.</summary>
[Collection(BucketCollection.Name)]
public sealed class LogInsOnNodesTests(Gateway gateway, SharedDatabase databases) : IAsyncLifetime
{
    private readonly AccessFolder _folder = new();
    private readonly List<TestRegistry> _nodes = [];
    private PostgresSettings _database = null!;
    private S3Settings _bucket = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        (_database, _bucket) = (await databases.CreateAsync(), gateway.NewSettings());
        for (var i = 0; i < 2; i++)
        {
            _nodes.Add(await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.Basic) with { Database = _database, Bucket = _bucket }));
        }

        _client = new HttpClient(new Balancer([.. _nodes.Select(node => node.Client.BaseAddress!)])) { BaseAddress = new Uri("http://127.0.0.1") };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _folder.Dispose();
    }

    [Fact]
    public async Task A_log_in_and_its_forms_count_at_every_node_until_the_log_out_at_any()
    {
        var visitor = await LogInAsync();
        await AssertAllAsync(visitor, isIn: true);
        using var pusher = new HttpClient { BaseAddress = _nodes[0].Client.BaseAddress };
        pusher.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        var image = await pusher.PushAsync("team/app", TestImage.Create(), "v1");

        // The page of one node, and its form at the other.
        var page = Check.Status(200, await visitor.OpenAsync("/repositories/team/app/-/delete?tag=v1"));
        Check.Status(200, await visitor.PostAsync("/repositories/team/app/-/delete", ("token", Visitor.TokenOf(page)), ("what", "images"), ("items", $"v1@{image.Digest}")));
        foreach (var node in _nodes)
        {
            Check.Status(404, await node.Client.HeadAnswerAsync("/v2/team/app/manifests/v1", AccessFolder.Basic("alice")));
        }

        var old = new Dictionary<string, string>(visitor.Cookies);
        Check.Status(303, await visitor.SubmitAsync("/", "/logout"));
        foreach (var (name, value) in old)
        {
            visitor.Cookies[name] = value;
        }

        await AssertAllAsync(visitor, isIn: false);
    }

    [Fact]
    public async Task A_new_password_that_one_node_has_read_ends_the_log_ins_at_all()
    {
        var visitor = await LogInAsync();
        var lines = await File.ReadAllLinesAsync(_folder.UsersPath);
        await File.WriteAllLinesAsync(_folder.UsersPath, lines.Select(line => line.StartsWith("alice:", StringComparison.Ordinal) ? $"alice:{BCrypt.Net.BCrypt.HashPassword("new", 4)}" : line));
        _nodes[0].Host.Reload();
        Assert.False(await IsInAsync(visitor, _nodes[0]));
        _nodes[1].Host.Reload();

        await AssertAllAsync(visitor, isIn: false);
        Check.Status(303, await new Visitor(_client).LogInAsync("alice", "new"));
    }

    private async Task<Visitor> LogInAsync()
    {
        var visitor = new Visitor(_client);
        Check.Status(303, await visitor.LogInAsync("alice", AccessFolder.Password("alice")));
        return visitor;
    }

    private async Task AssertAllAsync(Visitor visitor, bool isIn)
    {
        foreach (var node in _nodes)
        {
            Assert.Equal(isIn, await IsInAsync(visitor, node));
        }
    }

    private static async Task<bool> IsInAsync(Visitor visitor, TestRegistry node)
    {
        var same = new Visitor(node.Client);
        foreach (var (name, value) in visitor.Cookies)
        {
            same.Cookies[name] = value;
        }

        return (await same.OpenAsync("/space")).Text.Contains("<bdi>alice</bdi>", StringComparison.Ordinal);
    }
}
