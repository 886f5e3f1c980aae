using System.Globalization;

namespace Registry.Server.Commands;

/// <summary>The terminal or the pipes of the process, for commands that need more of them than lines of text.</summary>
internal sealed record Terminal
{
    private const int UsualColumns = 80;
    private const int MaxTextColumns = 100;
    private const int MinTextColumns = 40;

    /// <summary>Neither a terminal nor any input.</summary>
    public static Terminal None { get; } = new();

    /// <summary>Opens standard input for text.</summary>
    public Func<TextReader> OpenText { get; init; } = () => TextReader.Null;

    /// <summary>Opens standard input for bytes.</summary>
    public Func<Stream> OpenInput { get; init; } = () => Stream.Null;

    /// <summary>Opens standard output for bytes.</summary>
    public Func<Stream> OpenOutput { get; init; } = () => Stream.Null;

    /// <summary>Waits for a key and does not show it; null when standard input is no terminal.</summary>
    public Func<ConsoleKeyInfo>? ReadKey { get; init; }

    /// <summary>The width of standard output, null when it is no terminal.</summary>
    public Func<int>? OutputColumns { get; init; }

    /// <summary>The width of standard error, asked for at every line since windows change; null when it is no terminal.</summary>
    public Func<int>? ErrorColumns { get; init; }

    /// <summary>The columns that help is wrapped to: those of the terminal, 100 at the most, and 80 where there is none.</summary>
    public int TextColumns => Math.Clamp(OutputColumns?.Invoke() ?? UsualColumns, MinTextColumns, MaxTextColumns);

    /// <summary>
    /// Those of this process. The variable COLUMNS comes before what the terminal says. Nothing is opened or asked before it is needed: the
    /// library prepares a terminal when it first looks at it, which writes to it.
    /// </summary>
    public static Terminal OfProcess(IReadOnlyDictionary<string, string> environment)
    {
        int? columns = int.TryParse(environment.GetValueOrDefault("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out var set) && set > 0 ? set : null;
        return new Terminal
        {
            OpenText = () => Console.In,
            OpenInput = Console.OpenStandardInput,
            OpenOutput = Console.OpenStandardOutput,
            ReadKey = Console.IsInputRedirected ? null : () => Console.ReadKey(intercept: true),
            OutputColumns = columns is { } fix ? () => fix : Console.IsOutputRedirected ? null : WindowColumns,
            ErrorColumns = Console.IsErrorRedirected ? null : () => columns ?? WindowColumns(),
        };
    }

    // A terminal that does not know its size says 0.
    private static int WindowColumns() => Console.WindowWidth is > 0 and var width ? width : UsualColumns;
}
