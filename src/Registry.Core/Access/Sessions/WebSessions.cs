using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Registry.Core.Access.Passwords;

namespace Registry.Core.Access.Sessions;

/// <summary>
/// Begins and ends the log-ins to the web interface. A session ends by a log-out, when it expires, and when the line of its user in the htpasswd file changes or is gone, on
/// every node as soon as that has read the file.
/// </summary>
/// <param name="store">The sessions.</param>
/// <param name="users">Returns the current users.</param>
/// <param name="time">The clock.</param>
public sealed class WebSessions(IWebSessionStore store, Func<Htpasswd> users, TimeProvider time)
{
    /// <summary>Time without a use after which a session ends: a working day, and the evening.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromHours(12);

    /// <summary>Time after which a session ends in any case.</summary>
    public static readonly TimeSpan LongestTime = TimeSpan.FromDays(7);

    /// <summary>A use is recorded once in this time.</summary>
    public static readonly TimeSpan UseInterval = TimeSpan.FromMinutes(5);

    /// <summary>Largest number of sessions of a user. One more ends the oldest.</summary>
    public const int MaxOfUser = 20;

    private const int SecretBytes = 32;

    /// <summary>Makes a secret of 256 random bits, in base64url: 43 characters.</summary>
    public static string NewSecret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>Fingerprint of a user's line, for <see cref="BeginAsync"/>: read before the password is checked, so that a session never outlives a change in between.</summary>
    public string? FindLine(string user) => users().FindFingerprint(user);

    /// <summary>Begins a session with a secret of its own, whatever the client had before.</summary>
    /// <param name="user">The user, whose password was correct.</param>
    /// <param name="line">The line from <see cref="FindLine"/>.</param>
    /// <returns>The secret, in base64url, which only the client keeps.</returns>
    public async Task<string> BeginAsync(string user, string line)
    {
        var secret = NewSecret();
        var now = time.GetUtcNow();
        await store.AddAsync(new WebSession { Key = KeyOf(secret), User = user, Line = line, BegunAt = now, UsedAt = now }, MaxOfUser);
        return secret;
    }

    /// <summary>Finds the user of a session; null if it has ended.</summary>
    public async Task<string?> FindUserAsync(string secret)
    {
        var key = KeyOf(secret);
        if (await store.FindAsync(key) is not { } session)
        {
            return null;
        }

        var now = time.GetUtcNow();
        if (session.Line != FindLine(session.User) || now >= session.BegunAt + LongestTime || now >= session.UsedAt + IdleTime)
        {
            await store.RemoveAsync(key);
            return null;
        }

        if (now >= session.UsedAt + UseInterval)
        {
            await store.UseAsync(key, now);
        }

        return session.User;
    }

    /// <summary>Ends a session.</summary>
    public Task EndAsync(string secret) => store.RemoveAsync(KeyOf(secret));

    /// <summary>Removes the sessions that have expired. One that has reached its longest time is not used any more.</summary>
    public Task ExpireAsync() => store.RemoveUnusedAsync(time.GetUtcNow() - IdleTime);

    private static byte[] KeyOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
