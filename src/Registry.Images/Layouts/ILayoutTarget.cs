namespace Registry.Images.Layouts;

/// <summary>A layout to write: a folder or an archive. Disposing it before it is finished removes all of it.</summary>
internal interface ILayoutTarget : IAsyncDisposable
{
    /// <summary>Writes a file.</summary>
    /// <param name="path">Path in the layout, with slashes.</param>
    /// <param name="content">Bytes of the file; the length is known.</param>
    /// <param name="cancellationToken">Stops writing.</param>
    Task WriteAsync(string path, Stream content, CancellationToken cancellationToken);

    /// <summary>Makes the layout durable and gives it its name.</summary>
    Task FinishAsync(CancellationToken cancellationToken);
}
