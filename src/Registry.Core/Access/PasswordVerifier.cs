using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Registry.Core.Access;

/// <summary>
/// Checks passwords against bcrypt hashes. A check deliberately takes 50 to 100 ms of a core. One thread therefore does all checks, and its
/// queue is short. Callers with the same password share one check. A correct password is cached, by a keyed hash, until its line in the file
/// changes. A check for an unknown user, or against a cheap hash, costs as much as a wrong password for the most expensive hash.
/// </summary>
public sealed class PasswordVerifier : IDisposable
{
    private const int MaxWaiting = 64;
    private const int MaxRemembered = 10_000;

    private readonly Func<Htpasswd> _users;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<Fingerprint, byte> _remembered = new();
    private readonly Dictionary<Fingerprint, Check> _running = [];
    private readonly BlockingCollection<Check> _queue = new(MaxWaiting);
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

    /// <summary>True if the password is correct; null if the queue is full.</summary>
    public async ValueTask<bool?> VerifyAsync(BasicCredentials credentials)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        if (Encoding.UTF8.GetByteCount(credentials.Password) > HtpasswdEditor.MaxPasswordBytes
            || credentials.Password.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        var users = _users();
        var hash = users.FindHash(credentials.User);
        var fingerprint = Fingerprint.Of(_key, credentials, hash ?? string.Empty);
        if (_remembered.ContainsKey(fingerprint))
        {
            return true;
        }

        if (Enqueue(new Check(fingerprint, credentials.Password, hash, users.MaxCost)) is not { } check)
        {
            return null;
        }

        // The line may have changed or gone while the check was queued.
        return await check.Done.Task && _users().FindHash(credentials.User) == hash;
    }

    /// <summary>Finishes the queued checks and ends the thread.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }

    // Returns the check of the same password if one is queued or running, else this one; null if the queue is full.
    private Check? Enqueue(Check check)
    {
        lock (_running)
        {
            if (_running.TryGetValue(check.Fingerprint, out var running))
            {
                return running;
            }

            if (_remembered.ContainsKey(check.Fingerprint))
            {
                // It has just ended.
                check.Done.SetResult(true);
                return check;
            }

            try
            {
                if (!_queue.TryAdd(check))
                {
                    return null;
                }
            }
            catch (InvalidOperationException)
            {
                // Stopping.
                return null;
            }

            _running.Add(check.Fingerprint, check);
            return check;
        }
    }

    private void Work()
    {
        foreach (var check in _queue.GetConsumingEnumerable())
        {
            Interlocked.Increment(ref _checks);
            try
            {
                End(check, IsRight(check));
            }
#pragma warning disable CA1031 // The thread outlives whatever a check meets; who asked gets the fault.
            catch (Exception e)
#pragma warning restore CA1031
            {
                End(check, e);
            }
        }
    }

    private void End(Check check, bool isRight)
    {
        lock (_running)
        {
            _running.Remove(check.Fingerprint);
            if (isRight)
            {
                if (_remembered.Count >= MaxRemembered)
                {
                    _remembered.Clear();
                }

                _remembered[check.Fingerprint] = 0;
            }
        }

        check.Done.SetResult(isRight);
    }

    private void End(Check check, Exception fault)
    {
        lock (_running)
        {
            _running.Remove(check.Fingerprint);
        }

        check.Done.SetException(fault);
    }

    // 2^c rounds for the hash, and 2^c + … + 2^(max-1) more if it is cheaper than the most expensive one: 2^max for every refusal.
    private bool IsRight(Check check)
    {
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

    private sealed record Check(Fingerprint Fingerprint, string Password, string? Hash, int Cost)
    {
        public TaskCompletionSource<bool> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    // SHA-256 over a secret of this process, the user, the password and the line: useless elsewhere, and different as soon as the line changes.
    // It is only compared with values made here, so a plain keyed hash suffices, at half the cost of an HMAC.
    private readonly record struct Fingerprint(Int128 High, Int128 Low)
    {
        public static Fingerprint Of(byte[] key, BasicCredentials credentials, string hash)
        {
            var size = key.Length + Encoding.UTF8.GetMaxByteCount(credentials.User.Length + credentials.Password.Length + hash.Length + 2);
            var buffer = size <= 1024 ? stackalloc byte[1024] : new byte[size];
            key.CopyTo(buffer);
            var length = key.Length;
            Append(buffer, ref length, credentials.User);
            Append(buffer, ref length, credentials.Password);
            Append(buffer, ref length, hash);
            Span<byte> output = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(buffer[..length], output);
            return new Fingerprint(
                System.Buffers.Binary.BinaryPrimitives.ReadInt128LittleEndian(output),
                System.Buffers.Binary.BinaryPrimitives.ReadInt128LittleEndian(output[16..]));
        }

        // Neither the user nor the password contains a NUL at this point.
        private static void Append(Span<byte> buffer, ref int length, string text)
        {
            length += Encoding.UTF8.GetBytes(text, buffer[length..]);
            buffer[length++] = 0;
        }
    }
}
