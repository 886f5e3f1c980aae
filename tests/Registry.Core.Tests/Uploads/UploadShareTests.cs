using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Core.Uploads;
using Registry.Core.Uploads.InProgress;
using Registry.Core.Uploads.Sessions;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Uploads;

/// <summary>Shares of the uploads in progress.</summary>
public sealed class UploadShareTests : IAsyncDisposable
{
    private const int Max = 80;

    private static readonly RepositoryName App = Samples.Repository("team/app");
    private static readonly UploadHolder Alice = UploadHolder.Of("alice", ClientNetwork.Unknown);
    private static readonly UploadHolder Bob = UploadHolder.Of("bob", ClientNetwork.Unknown);
    private static readonly TimeSpan Claim = EmptyUploads.Claim;

    private readonly FileSystemEngine _engine = new(Max);

    [Fact]
    public async Task Twenty_holders_who_take_all_they_can_leave_room_for_the_next()
    {
        await using var places = new Places(10_000);
        Assert.Equal(2_500, await places.TakeAllAsync(Alice));
        Assert.Equal(1_875, await places.TakeAllAsync(Bob));
        for (var i = 0; i < 18; i++)
        {
            Assert.InRange(await places.TakeAllAsync(At($"192.0.2.{i}")), UploadShares.Least, 1_875);
        }

        Assert.True(await places.TryTakeAsync(At("198.51.100.1")));
        Assert.False(await places.TryTakeAsync(Alice));
    }

    [Fact]
    public async Task Any_number_of_users_of_one_network_leave_half_to_the_others()
    {
        await using var places = new Places(10_000);
        var crowd = Network("192.0.2.1");
        var taken = 0;
        for (var i = 0; i < 1_000; i++)
        {
            taken += await places.TakeAllAsync(UploadHolder.Of($"user {i}", crowd), crowd);
        }

        Assert.Equal(5_000, taken);
        Assert.Equal(1_250, await places.TakeAllAsync(Alice, Network("192.0.2.2")));

        // They may have more again when others have fewer.
        var next = UploadHolder.Of("next", crowd);
        Assert.False(await places.TryTakeAsync(next, crowd));
        await places.GiveBackAsync(Alice);
        await places.GiveBackAsync(UploadHolder.Of("user 0", crowd), 1);
        Assert.True(await places.TryTakeAsync(next, crowd));
    }

    [Fact]
    public async Task Any_number_of_users_of_thirty_networks_leave_some_to_a_new_user_of_a_new_network()
    {
        await using var places = new Places(10_000);
        for (var i = 0; i < 3_000; i++)
        {
            var network = Network($"192.0.2.{i % 30}");
            await places.TakeAllAsync(UploadHolder.Of($"user {i}", network), network);
        }

        Assert.Equal(UploadShares.Least, await places.TakeAllAsync(Alice, Network("198.51.100.1")));
    }

    [Fact]
    public async Task A_user_who_has_its_share_ends_no_upload_of_another()
    {
        var bobs = await FillAsync(Bob);
        var own = await FillAsync(Alice);
        for (var i = 0; _engine.Uploads.Count < Max; i++)
        {
            await FillAsync(At($"192.0.2.{i}"));
        }

        Assert.True(bobs.Count > own.Count);
        _engine.Advance(Claim);
        Assert.NotNull(await TryCreateAsync(Alice));
        Assert.Equal((bobs.Count, own.Count), (await CountAsync(Bob), await CountAsync(Alice)));
        Assert.Null(await _engine.Uploads.FindAsync(own[0]));
    }

    [Fact]
    public async Task A_user_whose_share_has_shrunk_ends_one_upload_for_a_new_one()
    {
        var begun = await FillAsync(Alice);
        for (var i = 0; _engine.Uploads.Count < Max; i++)
        {
            await FillAsync(At($"192.0.2.{i}"));
        }

        _engine.Advance(Claim);
        Assert.NotNull(await TryCreateAsync(Alice));
        Assert.Equal(begun.Count, await CountAsync(Alice));
        Assert.NotNull(await _engine.Uploads.FindAsync(begun[1]));
    }

    [Fact]
    public async Task In_a_network_that_has_its_share_no_upload_from_another_network_gives_way()
    {
        var network = Network("192.0.2.1");
        var user = UploadHolder.Of("user 0", network);
        var elsewhere = await TryCreateAsync(user, Network("192.0.2.2"));
        var begun = await FillAsync(user, network);
        for (var i = 1; await TryCreateAsync(UploadHolder.Of($"user {i}", network), network) is not null; i++)
        {
        }

        _engine.Advance(Claim);
        Assert.NotNull(await TryCreateAsync(Alice, network));
        Assert.NotNull(await _engine.Uploads.FindAsync(elsewhere!.Id));
        Assert.Null(await _engine.Uploads.FindAsync(begun[0]));
    }

    [Fact]
    public async Task In_a_network_that_has_its_share_an_idle_upload_of_the_user_with_the_most_gives_way_to_that_of_another()
    {
        var network = Network("192.0.2.1");
        var begun = new List<List<Guid>>();
        for (var i = 0; begun.Sum(one => one.Count) < Max / 2; i++)
        {
            begun.Add(await FillAsync(UploadHolder.Of($"user {i}", network), network));
        }

        Assert.Null(await TryCreateAsync(Alice, network));
        Assert.NotNull(await TryCreateAsync(Alice, Network("192.0.2.2")));
        _engine.Advance(Claim);
        Assert.NotNull(await TryCreateAsync(Alice, network));
        Assert.Null(await _engine.Uploads.FindAsync(begun[0][0]));
    }

    [Fact]
    public async Task A_few_may_be_had_in_any_case_and_the_last_one_too()
    {
        await using var places = new Places(20);
        Assert.Equal(UploadShares.Least, await places.TakeAllAsync(Alice));
        Assert.Equal(4, await places.TakeAllAsync(Bob));
        Assert.Equal(0, await places.TakeAllAsync(At("192.0.2.1")));
    }

    [Fact]
    public void A_user_is_one_holder_anywhere_and_an_anonymous_caller_one_for_each_network()
    {
        Assert.Equal(UploadHolder.Of("alice", Network("192.0.2.1")), UploadHolder.Of("alice", Network("192.0.2.2")));
        Assert.NotEqual(At("192.0.2.1"), At("192.0.2.2"));
        Assert.Equal(At("2001:db8::1"), At("2001:db8::2"));
        Assert.Equal("the user 'alice'", Alice.ToString());
        Assert.Equal("the network 2001:db8::/64", At("2001:db8::1").ToString());
    }

    [Fact]
    public async Task The_oldest_of_the_holders_own_uploads_without_a_byte_gives_way_after_a_minute()
    {
        var begun = await FillAsync(Alice);
        Assert.Equal(Max / 4, begun.Count);

        _engine.Advance(Claim - TimeSpan.FromTicks(1));
        Assert.Null(await TryCreateAsync(Alice));
        _engine.Advance(TimeSpan.FromTicks(1));
        Assert.NotNull(await TryCreateAsync(Alice));
        Assert.Null(await _engine.Uploads.FindAsync(begun[0]));
        Assert.NotNull(await _engine.Uploads.FindAsync(begun[1]));
        Assert.Equal(Max / 4, await CountAsync(Alice));
    }

    [Fact]
    public async Task Uploads_with_bytes_or_in_use_or_used_within_a_minute_never_give_way()
    {
        var begun = await FillAsync(Alice);
        await AppendAsync(begun[0]);
        await using var inUse = await _engine.Uploads.TryAcquireAsync(begun[1]);
        _engine.Advance(Claim);
        await (await _engine.Uploads.TryAcquireAsync(begun[2]))!.DisposeAsync();
        for (var i = 3; i < begun.Count; i++)
        {
            Assert.NotNull(await TryCreateAsync(Alice));
            Assert.Null(await _engine.Uploads.FindAsync(begun[i]));
        }

        Assert.Null(await TryCreateAsync(Alice));
        Assert.All(await Task.WhenAll(begun[..3].Select(id => _engine.Uploads.FindAsync(id).AsTask())), Assert.NotNull);

        _engine.Advance(Claim);
        await FillAsync(Alice);
        Assert.Null(await _engine.Uploads.FindAsync(begun[2]));
        Assert.NotNull(await _engine.Uploads.FindAsync(begun[1]));
    }

    [Fact]
    public async Task The_holder_with_the_most_gives_way_when_nothing_is_free()
    {
        var bobs = await FillAsync(Bob);
        for (var i = 0; _engine.Uploads.Count < Max; i++)
        {
            await FillAsync(At($"192.0.2.{i}"));
        }

        Assert.Null(await TryCreateAsync(Alice));
        _engine.Advance(Claim);
        Assert.NotNull(await TryCreateAsync(Alice));
        Assert.Null(await _engine.Uploads.FindAsync(bobs[0]));
        Assert.NotNull(await _engine.Uploads.FindAsync(bobs[1]));
        Assert.Equal(Max, _engine.Uploads.Count);
    }

    [Fact]
    public async Task An_upload_that_ends_gives_back_its_place()
    {
        var begun = await FillAsync(Alice);
        await using (var upload = await _engine.Uploads.TryAcquireAsync(begun[3]))
        {
            await upload!.AbortAsync();
        }

        Assert.NotNull(await TryCreateAsync(Alice));
        Assert.Null(await TryCreateAsync(Alice));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Uploads_that_expire_give_back_their_places(bool isRestarted)
    {
        await FillAsync(Alice);
        for (var i = 0; _engine.Uploads.Count < Max; i++)
        {
            await FillAsync(At($"192.0.2.{i}"));
        }

        if (isRestarted)
        {
            await _engine.ReopenAsync();
        }

        _engine.Advance(TimeSpan.FromHours(1));
        await new UploadExpiry(_engine.Uploads, TimeSpan.FromHours(1), NullLogger<UploadExpiry>.Instance).RunAsync(default);

        Assert.Equal(0, _engine.Uploads.Count);
        Assert.Equal(Max / 4, (await FillAsync(Alice)).Count);
    }

    [Fact]
    public async Task Shares_outlast_a_restart()
    {
        var begun = await FillAsync(Alice);
        await TryCreateAsync(At("192.0.2.1"));
        await AppendAsync(begun[0]);
        await _engine.ReopenAsync();

        Assert.Null(await TryCreateAsync(Alice));
        Assert.Equal(begun.Count + 1, _engine.Uploads.Count);

        // The network of an anonymous caller is known, too.
        Assert.Equal(UploadShares.Least - 1, (await FillAsync(At("192.0.2.1"))).Count);
        _engine.Advance(Claim);
        Assert.NotNull(await TryCreateAsync(Alice));
        Assert.NotNull(await _engine.Uploads.FindAsync(begun[0]));
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private static ClientNetwork Network(string address) => ClientNetwork.Of(IPAddress.Parse(address));

    private static UploadHolder At(string address) => UploadHolder.Of(null, Network(address));

    private async Task<int> CountAsync(UploadHolder user) => (await _engine.Uploads.ListAsync()).Count(session => session.Owner == user.User);

    private async Task<UploadSession?> TryCreateAsync(UploadHolder holder, ClientNetwork network = default) =>
        (await _engine.Uploads.BeginAsync(App, holder.User, holder.User is null ? holder.Network : network, DigestAlgorithm.Sha256)).TryGet(out var session, out _)
            ? session
            : null;

    private async Task<List<Guid>> FillAsync(UploadHolder holder, ClientNetwork network = default)
    {
        var begun = new List<Guid>();
        while (await TryCreateAsync(holder, network) is { } session)
        {
            begun.Add(session.Id);
        }

        return begun;
    }

    private async Task AppendAsync(Guid id)
    {
        await using var upload = await _engine.Uploads.TryAcquireAsync(id);
        await upload!.AppendAsync(Samples.Body([1]), DigestAlgorithm.Sha256, default);
    }

    /// <summary>Sessions without their uploads.</summary>
    /// <param name="max">Largest number.</param>
    private sealed class Places(int max) : IAsyncDisposable
    {
        private readonly SqliteEngine _metadata = new();
        private readonly UploadShares _shares = new(max);
        private readonly ConcurrentQueue<StoredUploadSession> _taken = new();

        public async Task<bool> TryTakeAsync(UploadHolder holder, ClientNetwork network = default)
        {
            var session = new StoredUploadSession(
                Guid.NewGuid(), App, holder.User, holder.User is null ? holder.Network : network, DigestAlgorithm.Sha256);
            var isTaken = await _metadata.Sessions.AddAsync(session, _shares) is null;
            if (isTaken)
            {
                _taken.Enqueue(session);
            }

            return isTaken;
        }

        // More and more at once, so that they share commits.
        public async Task<int> TakeAllAsync(UploadHolder holder, ClientNetwork network = default)
        {
            var all = 0;
            for (var atOnce = 1; ; atOnce *= 2)
            {
                var taken = (await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => TryTakeAsync(holder, network)))).Count(isTaken => isTaken);
                all += taken;
                if (taken < atOnce)
                {
                    return all;
                }
            }
        }

        public async Task GiveBackAsync(UploadHolder holder, int count = int.MaxValue) => await Task.WhenAll(
            _taken.Where(session => session.Holder == holder).Take(count).Select(session => _metadata.Sessions.RemoveAsync(session.Lease)));

        public ValueTask DisposeAsync() => _metadata.DisposeAsync();
    }
}
