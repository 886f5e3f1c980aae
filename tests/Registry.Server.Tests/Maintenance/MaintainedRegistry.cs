using System.Text.Json;
using Registry.Core.Access;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Server.Configuration;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Web;

namespace Registry.Server.Tests.Maintenance;

/// <summary>A running registry with users, and an admin who asks it for maintenance.</summary>
internal sealed class MaintainedRegistry : IAsyncDisposable
{
    private static readonly (string, string) Json = ("Content-Type", "application/json");

    private readonly AccessFolder _access = new();

    private MaintainedRegistry()
    {
    }

    public TestRegistry Registry { get; private set; } = null!;

    /// <summary>Client of the admin.</summary>
    public HttpClient Admin => Registry.Client;

    public static async Task<MaintainedRegistry> StartAsync(Func<RegistryOptions, RegistryOptions>? configure = null, TimeProvider? time = null)
    {
        var maintained = new MaintainedRegistry();
        maintained.Registry = await TestRegistry.StartAsync(
            options => maintained._access.Configure(configure?.Invoke(options) ?? options, AuthenticationKind.Basic), time: time);
        maintained.Admin.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        return maintained;
    }

    /// <summary>Opens the pages as the admin.</summary>
    public async Task<Visitor> OpenPagesAsync()
    {
        var visitor = new Visitor(Registry.Client);
        Check.Status(303, await visitor.LogInAsync("admin", AccessFolder.Password("admin")));
        return visitor;
    }

    /// <summary>Asks for a job.</summary>
    public Task<Answer> StartJobAsync(string job) => Admin.RequestAsync("POST", $"/api/v1/maintenance/{job}", "{}"u8.ToArray(), Json);

    /// <summary>Asks for a job, and waits for its end.</summary>
    public async Task<JsonElement> RunJobAsync(string job) => await EndOfAsync(Check.Status(202, await StartJobAsync(job)).Json.GetProperty("id").GetInt64());

    /// <summary>Waits for the end of a job.</summary>
    public async Task<JsonElement> EndOfAsync(long id)
    {
        JsonElement job = default;
        await Eventually.HoldsAsync(
            async () =>
            {
                job = await ShowAsync(id);
                return job.GetProperty("state").GetString() != "running";
            },
            $"job {id} has ended");
        return job;
    }

    public async Task<JsonElement> ShowAsync(long id) => Check.Status(200, await Admin.GetAnswerAsync($"/api/v1/maintenance/show?id={id}")).Json;

    public Task<Answer> CancelAsync(long id) => StartJobAsync($"cancel?id={id}");

    /// <summary>
    /// Reads all changes that were answered. With several nodes, changes become readable a moment after the answers, those of a later mutation after those of an earlier one: so a push is
    /// made, and its change waited for.
    /// </summary>
    public async Task<IReadOnlyList<RegistryChange>> ReadChangesAsync()
    {
        var last = RepositoryName.Parse("read/changes");
        var feed = Registry.Host.Storage.Changes;
        var pushed = await Admin.PushAsync(last.Value, TestImage.Create(), "last");
        List<RegistryChange> read = [];
        await Eventually.HoldsAsync(
            async () =>
            {
                while (await feed.ReadAsync(read.Count == 0 ? 0 : read[^1].Sequence, 1000) is { Count: > 0 } changes)
                {
                    read.AddRange(changes);
                }

                return read.Any(change => change.Tag is not null && change.Digest?.ToString() == pushed.Digest);
            },
            "the change of the last push is readable");
        return [.. read.Where(change => change.Repository != last)];
    }

    public async ValueTask DisposeAsync()
    {
        await Registry.DisposeAsync();
        _access.Dispose();
    }
}
