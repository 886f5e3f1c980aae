using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Uploads;

public sealed class UploadExpiryTests : IAsyncDisposable
{
    private static readonly RepositoryName App = Samples.Repository("team/app");

    private readonly FileSystemEngine _engine = new();
    private readonly UploadExpiry _expiry;

    public UploadExpiryTests() =>
        _expiry = new UploadExpiry(_engine.Uploads, TimeSpan.FromHours(1), NullLogger<UploadExpiry>.Instance);

    [Fact]
    public async Task An_upload_expires_when_no_byte_has_come_for_the_timeout()
    {
        var session = await CreateAsync();
        _engine.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(0, await _expiry.RunAsync(default));
        await AppendAsync(session.Id);
        _engine.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(0, await _expiry.RunAsync(default));
        _engine.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await _expiry.RunAsync(default));
        Assert.Null(await _engine.Uploads.FindAsync(session.Id));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_engine.Paths.Uploads));
        Assert.Equal(0, await _expiry.RunAsync(default));
    }

    [Fact]
    public async Task An_upload_with_a_request_in_flight_never_expires()
    {
        var session = await CreateAsync();
        await using (var upload = await _engine.Uploads.TryAcquireAsync(session.Id))
        {
            _engine.Advance(TimeSpan.FromDays(1));
            Assert.Equal(0, await _expiry.RunAsync(default));
        }

        Assert.Equal(0, await _expiry.RunAsync(default));
        Assert.NotNull(await _engine.Uploads.FindAsync(session.Id));
    }

    [Fact]
    public async Task Only_the_idle_ones_expire()
    {
        var idle = await CreateAsync();
        _engine.Advance(TimeSpan.FromMinutes(40));
        var fresh = await CreateAsync();
        _engine.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(1, await _expiry.RunAsync(default));
        Assert.Null(await _engine.Uploads.FindAsync(idle.Id));
        Assert.NotNull(await _engine.Uploads.FindAsync(fresh.Id));
    }

    [Fact]
    public async Task An_upload_whose_session_cannot_be_removed_keeps_no_other_from_freeing_its_space()
    {
        for (var i = 0; i < 3; i++)
        {
            await AppendAsync((await CreateAsync()).Id);
        }

        _engine.Advance(TimeSpan.FromHours(1));
        _engine.Health.Fail("the disk is gone");

        await Assert.ThrowsAsync<StorageException>(() => _expiry.RunAsync(default));

        Assert.Empty(Directory.EnumerateFileSystemEntries(_engine.Paths.Uploads));
    }

    [Fact]
    public async Task It_stops_when_it_is_told_to()
    {
        await CreateAsync();
        _engine.Advance(TimeSpan.FromDays(1));
        using var stopping = new CancellationTokenSource();
        await stopping.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => _expiry.RunAsync(stopping.Token));
    }

    [Fact]
    public async Task Clients_that_come_back_while_it_runs_lose_nothing_that_was_acknowledged()
    {
        var sessions = new List<UploadSession>();
        for (var i = 0; i < 40; i++)
        {
            sessions.Add(await CreateAsync());
        }

        _engine.Advance(TimeSpan.FromHours(2));
        var appended = sessions.Select(session => Task.Run(async () =>
        {
            await using var upload = await _engine.Uploads.TryAcquireAsync(session.Id);
            if (upload is null)
            {
                return false;
            }

            await upload.AppendAsync(Samples.Body([1]), DigestAlgorithm.Sha256, default);
            return true;
        })).ToList();
        await _expiry.RunAsync(default);
        var outcomes = await Task.WhenAll(appended);
        for (var i = 0; i < sessions.Count; i++)
        {
            var found = await _engine.Uploads.FindAsync(sessions[i].Id);
            Assert.Equal(outcomes[i] ? 1L : null, found?.Length);
        }
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private Task<UploadSession> CreateAsync() => _engine.Uploads.CreateAsync(App, null, DigestAlgorithm.Sha256);

    private async Task AppendAsync(Guid id)
    {
        await using var upload = await _engine.Uploads.TryAcquireAsync(id);
        await upload!.AppendAsync(Samples.Body([1]), DigestAlgorithm.Sha256, default);
    }
}
