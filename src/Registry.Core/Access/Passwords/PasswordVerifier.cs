using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Registry.Core.Access.Identities;

namespace Registry.Core.Access.Passwords;

/// <summary>
/// Checks passwords against bcrypt hashes. A check deliberately takes 50 to 100 ms of a core. One thread therefore does all checks, in the
/// order of <see cref="PasswordQueue"/>. A correct password is cached, by a keyed hash, until its line in the file changes. A check for an
/// unknown user, or against a cheap hash, costs as much as a wrong password for the most expensive hash.
/// </summary>
public sealed class PasswordVerifier : IDisposable
{
    private const int MaxRemembered = 10_000;

    private readonly Func<Htpasswd> _users;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<PasswordFingerprint, byte> _remembered = new();
    private readonly PasswordQueue _queue = new();
    private readonly Thread _thread;
    private long _checks;
    private long _rounds;

    /// <summary>Starts the thread that checks passwords.</summary>
    /// <param name="users">Returns the current users, for each check.</param>
    public PasswordVerifier(Func<Htpasswd> users)
    {
        _users = users;
        _thread = new Thread(Work) { IsBackground = true, Name = "passwords" };
        _thread.Start();
    }

    /// <summary>Number of passwords checked with bcrypt.</summary>
    public long Checks => Volatile.Read(ref _checks);

    /// <summary>Number of bcrypt rounds of these checks, which determines their time.</summary>
    internal long Rounds => Volatile.Read(ref _rounds);

    /// <summary>True if the file has a user of this name. Takes no measurable time.</summary>
    public bool HasUser(string user) => _users().FindHash(user) is not null;

    /// <summary>Checks a password.</summary>
    /// <param name="credentials">User and password.</param>
    /// <param name="caller">Sender of the credentials.</param>
    /// <returns>True if the password is correct; null if too many checks wait.</returns>
    /// <exception cref="OperationCanceledException">The caller has gone away before the check began.</exception>
    public async ValueTask<bool?> VerifyAsync(BasicCredentials credentials, ICaller caller)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        ArgumentNullException.ThrowIfNull(caller);
        if (Encoding.UTF8.GetByteCount(credentials.Password) > Htpasswd.MaxPasswordBytes
            || credentials.Password.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        var users = _users();
        var hash = users.FindHash(credentials.User);
        var fingerprint = PasswordFingerprint.Of(_key, credentials, hash ?? string.Empty);
        if (_remembered.ContainsKey(fingerprint))
        {
            return true;
        }

        // The line may have changed or gone while the check was queued.
        return await _queue.WaitAsync(new PasswordCheck(fingerprint, credentials.Password, hash, users.MaxCost), caller) is { } isRight
            ? isRight && _users().FindHash(credentials.User) == hash
            : null;
    }

    /// <summary>Finishes the queued checks and ends the thread.</summary>
    public void Dispose()
    {
        _queue.Close();
        _thread.Join();
    }

    private void Work()
    {
        while (_queue.Take() is { } check)
        {
            try
            {
                var isRight = IsRight(check);
                if (isRight)
                {
                    Remember(check.Fingerprint);
                }

                _queue.End(check, isRight);
            }
#pragma warning disable CA1031 // The thread outlives whatever a check meets; the waiting requests get the fault.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _queue.End(check, e);
            }
        }
    }

    private void Remember(PasswordFingerprint fingerprint)
    {
        if (_remembered.Count >= MaxRemembered)
        {
            _remembered.Clear();
        }

        _remembered[fingerprint] = 0;
    }

    // 2^c rounds for the hash, and 2^c + … + 2^(max-1) more if it is cheaper than the most expensive one: 2^max for every refusal.
    private bool IsRight(PasswordCheck check)
    {
        if (_remembered.ContainsKey(check.Fingerprint))
        {
            // The same check ended between the caller's look at the remembered ones and its place in the queue.
            return true;
        }

        Interlocked.Increment(ref _checks);
        var cost = check.Cost;
        if (check.Hash is { } hash)
        {
            if (Verify(check.Password, hash))
            {
                return true;
            }

            for (cost = Htpasswd.CostOf(hash); cost < check.Cost; cost++)
            {
                Waste(check.Password, cost);
            }

            return false;
        }

        Waste(check.Password, cost);
        return false;
    }

    private void Waste(string password, int cost) => Verify(password, $"$2y${cost:00}${new string('.', 53)}");

    private bool Verify(string password, string hash)
    {
        Interlocked.Add(ref _rounds, 1L << Htpasswd.CostOf(hash));
        return BCrypt.Net.BCrypt.Verify(password, hash);
    }
}
