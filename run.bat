@echo off
rem Start akachat: run.bat [PORT]. The first start installs the packages.
setlocal EnableExtensions DisableDelayedExpansion
chcp 65001 >nul
set "PYTHONUTF8=1"
cd /d "%~dp0"

set "PORT=%~1"
if not defined PORT set "PORT=50000"
rem What is left of a number when its digits are taken away: nothing.
for /f "delims=0123456789" %%A in ("%PORT%") do goto bad_port
if "%PORT:~0,1%"=="0" goto bad_port
if %PORT% GTR 65535 goto bad_port

call "%~dp0setup_windows.bat" --quiet
if errorlevel 1 exit /b 1
"venv\Scripts\python.exe" -m akachat serve --port %PORT%
if not errorlevel 1 exit /b 0
if not defined AKACHAT_NO_PAUSE pause
exit /b 1

:bad_port
echo The port must be a number from 1 to 65535.
echo   For example: run.bat 50000
exit /b 2
