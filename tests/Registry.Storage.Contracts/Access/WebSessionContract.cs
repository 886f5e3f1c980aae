using Registry.Core.Access.Sessions;

namespace Registry.Storage.Contracts.Access;

/// <summary>Contract of <see cref="IWebSessionStore"/>.</summary>
public abstract class WebSessionContract : IAsyncDisposable
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);

    private readonly IMetadataEngine _engine;

    protected WebSessionContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
    }

    [Fact]
    public async Task A_session_is_found_by_its_key()
    {
        var session = Session(1, "alice");
        await _engine.WebSessions.AddAsync(session, 10);

        Assert.Equivalent(session, await _engine.WebSessions.FindAsync(session.Key), strict: true);
        Assert.Null(await _engine.WebSessions.FindAsync(Key(2)));
    }

    [Fact]
    public async Task A_session_outlives_a_restart()
    {
        await _engine.WebSessions.AddAsync(Session(1, "alice"), 10);
        await _engine.ReopenAsync();

        Assert.NotNull(await _engine.WebSessions.FindAsync(Key(1)));
    }

    [Fact]
    public async Task A_use_is_recorded()
    {
        await _engine.WebSessions.AddAsync(Session(1, "alice"), 10);
        await _engine.WebSessions.UseAsync(Key(1), Start.AddMinutes(7));
        await _engine.WebSessions.UseAsync(Key(2), Start.AddMinutes(7));

        Assert.Equal((Start, Start.AddMinutes(7)), (await _engine.WebSessions.FindAsync(Key(1))) is { } found ? (found.BegunAt, found.UsedAt) : default);
        Assert.Null(await _engine.WebSessions.FindAsync(Key(2)));
    }

    [Fact]
    public async Task A_removed_session_is_gone()
    {
        await _engine.WebSessions.AddAsync(Session(1, "alice"), 10);
        await _engine.WebSessions.RemoveAsync(Key(1));
        await _engine.WebSessions.RemoveAsync(Key(1));

        Assert.Null(await _engine.WebSessions.FindAsync(Key(1)));
    }

    [Fact]
    public async Task Those_that_began_first_give_way_to_those_of_the_same_user()
    {
        await _engine.WebSessions.AddAsync(Session(9, "bob"), 2);
        for (byte i = 1; i <= 4; i++)
        {
            await _engine.WebSessions.AddAsync(Session(i, "alice", Start.AddSeconds(i)), 2);
        }

        Assert.Equal([9, 3, 4], await FoundAsync(9, 1, 2, 3, 4));
    }

    [Fact]
    public async Task Those_that_are_not_used_are_removed()
    {
        for (byte i = 1; i <= 3; i++)
        {
            await _engine.WebSessions.AddAsync(Session(i, "alice", Start.AddSeconds(i)), 10);
        }

        await _engine.WebSessions.UseAsync(Key(1), Start.AddHours(1));
        await _engine.WebSessions.RemoveUnusedAsync(Start.AddSeconds(3));

        Assert.Equal([1, 3], await FoundAsync(1, 2, 3));
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _engine.DisposeAsync();
    }

    private static byte[] Key(byte number) => [.. Enumerable.Repeat(number, 32)];

    private static WebSession Session(byte number, string user, DateTimeOffset? at = null) =>
        new() { Key = Key(number), User = user, Line = $"line of {user}", BegunAt = at ?? Start, UsedAt = at ?? Start };

    private async Task<IReadOnlyList<byte>> FoundAsync(params byte[] numbers)
    {
        var found = new List<byte>();
        foreach (var number in numbers)
        {
            if (await _engine.WebSessions.FindAsync(Key(number)) is not null)
            {
                found.Add(number);
            }
        }

        return found;
    }
}
