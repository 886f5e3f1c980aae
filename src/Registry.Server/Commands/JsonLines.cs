using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Commands;

/// <summary>
/// Turns each message of a command into an event of the log, for REGISTRY_LOG_FORMAT=json. A message is a line that begins with
/// <c>registry:</c> or <c>registry: warning:</c>.
/// </summary>
internal sealed class JsonLines(TextWriter output) : TextWriter
{
    private const string Fault = "registry: ";
    private const string Warning = "registry: warning: ";

    private static readonly JsonFormatter Formatter = new();

    private readonly StringBuilder _line = new();

    public override Encoding Encoding => output.Encoding;

    public override void Write(char value)
    {
        if (value != '\n')
        {
            _line.Append(value);
            return;
        }

        var text = _line.ToString().TrimEnd('\r');
        _line.Clear();
        var (level, message) = text.StartsWith(Warning, StringComparison.Ordinal) ? (LogLevel.Warning, text[Warning.Length..])
            : text.StartsWith(Fault, StringComparison.Ordinal) ? (LogLevel.Error, text[Fault.Length..])
            : (LogLevel.Information, text);
        Formatter.Write(new LogEntry<string>(level, string.Empty, default, message, null, static (line, _) => line), null, output);
    }

    public override void Flush() => output.Flush();
}
