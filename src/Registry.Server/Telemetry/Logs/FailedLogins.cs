using System.Net;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Microsoft.Extensions.Logging;
using Registry.Core.Access.Identities;
using Registry.Core.Errors;

namespace Registry.Server.Telemetry.Logs;

/// <summary>
/// Logs each failed login, for the operator and for programs such as fail2ban that block addresses. An address gets ten lines a minute;
/// further failures are counted, and the count is logged at the end of the minute.
/// </summary>
/// <remarks>
/// The address comes first. The user is in quotes, with quotes, backslashes and control characters escaped. So nothing that a client sends
/// can look like another line or another address.
/// </remarks>
internal sealed class FailedLogins : IDisposable
{
    /// <summary>Largest number of lines for an address in a period.</summary>
    internal const int MaxLines = 10;

    /// <summary>Largest number of addresses with lines in a period; failures of further addresses are counted together. Bounds memory and the log.</summary>
    internal const int MaxAddresses = 1000;

    /// <summary>Length of a period.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private const int MaxUser = 128;
    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.Create(UnicodeRanges.All);
    private static readonly EventId LoginEvent = new(1, "login_failed");

    private readonly ILogger<FailedLogins> _logger;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _counts = [];
    private int _others;

    public FailedLogins(TimeProvider time, ILogger<FailedLogins> logger)
    {
        _logger = logger;
        _timer = time.CreateTimer(_ => EndPeriod(), null, Period, Period);
    }

    /// <summary>Reports a failed login.</summary>
    /// <param name="address">The address of the client; null when the connection has none.</param>
    /// <param name="fault">The reason.</param>
    public void Report(IPAddress? address, LoginFault fault)
    {
        // Routine: a client whose token has expired fetches a new one.
        var level = fault.IsRoutine ? LogLevel.Debug : LogLevel.Warning;
        if (!_logger.IsEnabled(level))
        {
            return;
        }

        var from = Text(address);
        if (!fault.IsRoutine && !HasLine(from))
        {
            return;
        }

        var user = fault.User is { } name ? name.Length <= MaxUser ? name : $"{name[..MaxUser]}…" : null;
        Write(level, $"Login failed from {from}: {fault.Reason}{(user is null ? string.Empty : $", user {Quote(user)}")}", from, fault.Reason, user, null);
    }

    /// <summary>Logs the counts of further failures, and begins a new period.</summary>
    internal void EndPeriod()
    {
        List<(string Address, int Count)> leftOut;
        int others;
        lock (_lock)
        {
            leftOut = [.. _counts.Where(pair => pair.Value > MaxLines).Select(pair => (pair.Key, pair.Value - MaxLines))];
            others = _others;
            _counts.Clear();
            _others = 0;
        }

        foreach (var (address, count) in leftOut)
        {
            Write(LogLevel.Warning, $"Login failed from {address}: {Count.Of(count, "more time")} within a minute", address, null, null, count);
        }

        if (others > 0)
        {
            Write(LogLevel.Warning, $"Logins failed from more than {MaxAddresses} addresses: {Count.Of(others, "more time")} within a minute", null, null, null, others);
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        EndPeriod();
    }

    // An IPv4 address looks the same on an IPv6 socket; an address to block has no zone.
    private static string Text(IPAddress? address) =>
        address is null ? "unknown" : address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString() : address.ToString().Split('%')[0];

    private static string Quote(string text) => $"\"{Encoder.Encode(text)}\"";

    private bool HasLine(string address)
    {
        lock (_lock)
        {
            if (!_counts.TryGetValue(address, out var count) && _counts.Count >= MaxAddresses)
            {
                _others++;
                return false;
            }

            _counts[address] = count + 1;
            return count < MaxLines;
        }
    }

    private void Write(LogLevel level, string text, string? address, string? reason, string? user, int? more)
    {
        var record = new LogRecord { Text = text };
        record.Add("event", LoginEvent.Name).Add("remoteAddress", address).Add("reason", reason).Add("user", user).Add("suppressed", more);
        _logger.Log(level, LoginEvent, record, null, static (line, _) => line.Text);
    }
}
