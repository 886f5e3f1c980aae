using System.Security.Cryptography;
using Registry.Core.Access.Passwords;

namespace Registry.Core.Tests.Access;

/// <summary>Order and bounds of the queue. Only the test takes checks from it, so that every order is certain.</summary>
public sealed class PasswordQueueTests
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly PasswordQueue _queue = new();

    [Fact]
    public void Networks_take_turns()
    {
        for (var i = 1; i <= 3; i++)
        {
            _ = Ask($"a{i}", "192.0.2.1");
        }

        _ = Ask("b1", "192.0.2.2");
        _ = Ask("c1", "2001:db8::1");
        _ = Ask("c2", "2001:db8::2");
        _ = Ask("b2", "192.0.2.2");

        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "c2", "a3"], TakeAll());
    }

    [Fact]
    public void Known_users_go_before_unknown_ones()
    {
        _ = Ask("unknown1", "192.0.2.1", isKnown: false);
        _ = Ask("unknown2", "192.0.2.2", isKnown: false);
        _ = Ask("known1", "192.0.2.1");
        _ = Ask("known2", "192.0.2.1");
        _ = Ask("known3", "192.0.2.3");

        Assert.Equal(["known1", "known3", "known2", "unknown1", "unknown2"], TakeAll());
    }

    [Fact]
    public async Task Checks_whose_requests_have_gone_are_never_taken()
    {
        using var gone = new CancellationTokenSource();
        var aborted = Enumerable.Range(0, PasswordQueue.MaxWaiting).Select(i => Ask($"unknown{i}", "192.0.2.1", isKnown: false, gone.Token)).ToList();
        var early = Ask("early", "192.0.2.2", aborted: new CancellationToken(canceled: true));
        await gone.CancelAsync();
        _ = Ask("real", "192.0.2.1");

        Assert.Equal(["real"], TakeAll());
        await Assert.AllAsync([.. aborted, early], request => Assert.ThrowsAnyAsync<OperationCanceledException>(() => request));
    }

    [Fact]
    public async Task A_check_that_has_begun_ends_although_its_request_has_gone()
    {
        using var gone = new CancellationTokenSource();
        var request = Ask("user", "192.0.2.1", aborted: gone.Token);
        var check = _queue.Take()!;
        await gone.CancelAsync();
        _queue.End(check, isRight: false);

        Assert.False(await request);
    }

    [Fact]
    public async Task Requests_with_one_password_share_a_check_and_its_earliest_turn()
    {
        using var gone = new CancellationTokenSource();
        for (var i = 1; i <= 3; i++)
        {
            _ = Ask($"a{i}", "192.0.2.1");
        }

        var first = Ask("shared", "192.0.2.1", aborted: gone.Token);
        var same = Ask("shared", "192.0.2.1");
        var other = Ask("shared", "192.0.2.2");
        await gone.CancelAsync();

        Assert.Equal(["a1", "shared", "a2", "a3"], TakeAll());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.True(await same);
        Assert.True(await other);
    }

    [Fact]
    public async Task A_full_queue_refuses_the_network_that_has_the_most()
    {
        var flood = Enumerable.Range(0, PasswordQueue.MaxWaiting).Select(i => Ask($"a{i}", "192.0.2.1")).ToList();

        Assert.Null(await Ask("one more", "192.0.2.1"));
        var other = Ask("b", "192.0.2.2");
        Assert.Null(await flood[^1]);
        Assert.Equal(["a0", "b", "a1"], TakeAll().Take(3));
        Assert.True(await other);
        Assert.True(await flood[^2]);
    }

    [Fact]
    public async Task A_full_queue_refuses_unknown_users_for_known_ones()
    {
        var unknown = Enumerable.Range(0, PasswordQueue.MaxWaiting).Select(i => Ask($"unknown{i}", $"192.0.2.{i}", isKnown: false)).ToList();

        Assert.Null(await Ask("one more", "198.51.100.1", isKnown: false));
        var known = Ask("known", "192.0.2.1");
        Assert.Equal("known", TakeAll()[0]);
        Assert.True(await known);
        Assert.Single(await Task.WhenAll(unknown), answer => answer is null);
    }

    [Fact]
    public async Task A_full_queue_of_as_many_networks_refuses_the_next()
    {
        var full = Enumerable.Range(0, PasswordQueue.MaxWaiting).Select(i => Ask($"user{i}", $"192.0.2.{i}")).ToList();

        Assert.Null(await Ask("one more", "198.51.100.1"));
        TakeAll();
        Assert.DoesNotContain(null, await Task.WhenAll(full));
    }

    [Fact]
    public async Task A_closed_queue_refuses_and_gives_out_the_rest()
    {
        _ = Ask("waiting", "192.0.2.1");
        _queue.Close();

        Assert.Null(await Ask("late", "192.0.2.1"));
        Assert.Equal("waiting", _queue.Take()!.Password);
        Assert.Null(_queue.Take());
    }

    private Task<bool?> Ask(string password, string address, bool isKnown = true, CancellationToken aborted = default)
    {
        var fingerprint = PasswordFingerprint.Of(_key, new BasicCredentials("user", password), string.Empty);
        return _queue.WaitAsync(new PasswordCheck(fingerprint, password, isKnown ? "hash" : null, 4), TestCaller.At(address, aborted)).AsTask();
    }

    private List<string> TakeAll()
    {
        var taken = new List<string>();
        _queue.Close();
        while (_queue.Take() is { } check)
        {
            taken.Add(check.Password);
            _queue.End(check, isRight: true);
        }

        return taken;
    }
}
